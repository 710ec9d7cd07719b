package neteasetest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/imrecall/imrecall/netease/neteasetest"
)

func TestCheckSumVectors(t *testing.T) {
	tests := []struct {
		secret, nonce string
		curTime       int64
		checkSum      string
	}{
		{"0123456789ab", "4tgggergigwow323t23t", 1443592222, "2b3c3ba113c760606d5830e4d807ad8490040efd"},
		{"secret", "nonce", 1700000000, "c0b87c883bf8a70941d7e81c14cc7c7e7ccd3ba2"},
		{"3e25d0b3cc3d", "12345", 1500000000, "93e745e10c889ca8e8ba114a817071b0dbdb8084"},
		{"0123456789abcdef", strings.Repeat("a", 128), 1735689600, "7dd8916695076ccb0523df5aba6278aa6066bb13"},
		{"密钥", "随机数", 1700000000, "14d27f7a5ceced1f79110436e18205bd2d52f163"},
	}
	for _, tt := range tests {
		t.Run(tt.secret, func(t *testing.T) {
			srv := neteasetest.NewServer()
			t.Cleanup(srv.Close)
			srv.AppSecret = tt.secret
			srv.SetTime(time.Unix(tt.curTime, 0))
			header := map[string]string{
				"AppKey": srv.AppKey, "Nonce": tt.nonce,
				"CurTime": strconv.FormatInt(tt.curTime, 10), "CheckSum": tt.checkSum,
			}
			assert.Equal(t, `{"code":200}`, send(t, srv, header, p2p))

			header["CheckSum"] = strings.ToUpper(tt.checkSum)
			assert.Equal(t, `{"desc":"checksum","code":414}`, send(t, srv, header, p2p))
		})
	}
}

func TestHeadersRefused(t *testing.T) {
	const expired = `{"desc":"CurTime is expired","code":414}`
	tests := map[string]struct {
		header, value string
		want          string
	}{
		"unknown AppKey": {"AppKey", "x", `{"desc":"appkey","code":414}`},
		"no AppKey":      {"AppKey", "", `{"desc":"appkey","code":414}`},
		"long nonce":     {"Nonce", strings.Repeat("n", 129), `{"desc":"nonce","code":414}`},
		"no nonce":       {"Nonce", "", `{"desc":"nonce","code":414}`},
		"other nonce":    {"Nonce", "another", `{"desc":"checksum","code":414}`},
		"no CurTime":     {"CurTime", "", expired},
		"CurTime in ms":  {"CurTime", "1700000000000", expired},
		"not a number":   {"CurTime", "now", expired},
		"no CheckSum":    {"CheckSum", "", `{"desc":"checksum","code":414}`},
		"wrong CheckSum": {"CheckSum", "9e9db3b6c9abb2e1962cf3e6f7316fcc55583f86", `{"desc":"checksum","code":414}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := frozen(t)
			srv.Add(message(p2p))
			header := signed(srv)
			header[tt.header] = tt.value
			assert.Equal(t, tt.want, send(t, srv, header, p2p))
			assert.False(t, srv.Recalled("10386192"))
		})
	}
}

func TestCurTimeMayBeFiveMinutesOff(t *testing.T) {
	const expired = `{"desc":"CurTime is expired","code":414}`
	tests := map[time.Duration]string{
		5 * time.Minute:                     `{"code":200}`,
		-5 * time.Minute:                    `{"code":200}`,
		5*time.Minute + time.Millisecond:    expired,
		-(5*time.Minute + time.Millisecond): expired,
	}
	for skew, want := range tests {
		srv := frozen(t)
		srv.Advance(skew)
		assert.Equal(t, want, send(t, srv, signed(srv), p2p), skew)
	}
}

func TestRequestIDIsTakenOnce(t *testing.T) {
	const repeated = `{"desc":"HTTP request is repeated","code":431}`
	srv := frozen(t)
	header := signed(srv)
	header["RequestId"] = "one"
	header["CheckSum"] = "wrong"
	assert.Equal(t, `{"desc":"checksum","code":414}`, send(t, srv, header, p2p))
	header["CheckSum"] = signed(srv)["CheckSum"]
	assert.Equal(t, `{"code":200}`, send(t, srv, header, p2p), "a request with a wrong signature does not use up its ID")
	assert.Equal(t, repeated, send(t, srv, header, p2p))
	header["RequestId"] = "two"
	assert.Equal(t, `{"code":414,"desc":"msgidclient is null"}`, send(t, srv, header, ""))
	assert.Equal(t, repeated, send(t, srv, header, p2p), "a refused request uses up its ID")
}
