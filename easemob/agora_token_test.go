package easemob

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// agoraFields is an AccessToken2 of one service, in the order of its bytes.
type agoraFields struct {
	AppID              [32]byte
	Issued, Life, Salt uint32
	Services, Service  uint16
	Privileges         uint16
	Privilege          uint16
	PrivilegeLife      uint32
	UserLength         uint16
}

// openAgoraToken takes a token apart, by the layout in Agora's own builders, and tells whether that certificate
// signed it. It shares nothing with the code that it tests.
func openAgoraToken(t *testing.T, token, certificate string) (agoraFields, bool) {
	t.Helper()
	require.Equal(t, "007", token[:3])
	compressed, err := base64.StdEncoding.DecodeString(token[3:])
	require.NoError(t, err)
	z, err := zlib.NewReader(bytes.NewReader(compressed))
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, []byte{32, 0}, plain[:2], "the signature's length")
	signature, content := plain[2:34], plain[34:]
	require.Equal(t, []byte{32, 0}, content[:2], "the length of the app id")
	var f agoraFields
	require.Equal(t, binary.Size(f), len(content)-2, "nothing more, nothing less")
	require.NoError(t, binary.Read(bytes.NewReader(content[2:]), binary.LittleEndian, &f))

	h := hmac.New(sha256.New, content[34:38]) // the time
	h.Write([]byte(certificate))
	h2 := hmac.New(sha256.New, content[42:46]) // the salt
	h2.Write(h.Sum(nil))
	h3 := hmac.New(sha256.New, h2.Sum(nil))
	h3.Write(content)
	return f, hmac.Equal(h3.Sum(nil), signature)
}

func TestAgoraToken(t *testing.T) {
	before := time.Now().Truncate(time.Second)
	token, err := newAgoraToken(theAppID, theCertificate)
	require.NoError(t, err)
	f, genuine := openAgoraToken(t, token.Value, theCertificate)
	assert.True(t, genuine)
	issued := time.Unix(int64(f.Issued), 0)
	assert.WithinRange(t, issued, before, time.Now())
	assert.Equal(t, issued.Add(24*time.Hour), token.Expires)
	assert.Equal(t, agoraFields{
		AppID: [32]byte([]byte(theAppID)), Issued: f.Issued, Life: 86400, Salt: f.Salt,
		Services: 1, Service: 5, Privileges: 1, Privilege: 2, PrivilegeLife: 86400,
	}, f)
	_, genuine = openAgoraToken(t, token.Value, "f0e1d2c3b4a5968778695a4b3c2d1e0e")
	assert.False(t, genuine)

	again, err := newAgoraToken(theAppID, theCertificate)
	require.NoError(t, err)
	assert.NotEqual(t, token.Value, again.Value, "even within the same second")
}

// TestAgoraTokenVectors: signatures calculated by other means (Python's hmac module), of contents written by hand.
func TestAgoraTokenVectors(t *testing.T) {
	for name, test := range map[string]struct {
		token              agoraToken
		content, signature string
	}{
		"small numbers": {
			agoraToken{appID: theAppID, issued: 1111111, life: 600, salt: [4]byte{1}},
			"2000" + hex.EncodeToString([]byte(theAppID)) + "47f41000" + "58020000" + "01000000" + "0100" + "0500" + "0100" + "0200" + "58020000" + "0000",
			"21393180fa1355f2f891f6fc338e04eb851d831b89ca50f3401d311fed9dc0bc",
		},
		"large numbers": {
			agoraToken{appID: theAppID, issued: 4000000000, life: 86400, salt: [4]byte{0xff, 0, 0x80, 0xfe}},
			"2000" + hex.EncodeToString([]byte(theAppID)) + "00286bee" + "80510100" + "ff0080fe" + "0100" + "0500" + "0100" + "0200" + "80510100" + "0000",
			"d17af79a98055b39d5e01cbb4862433f764e4edb9b2561e64e143fcd3bcb08ad",
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.content, hex.EncodeToString(test.token.content()))
			value, err := test.token.sign(theCertificate)
			require.NoError(t, err)
			_, genuine := openAgoraToken(t, value, theCertificate)
			assert.True(t, genuine)
			compressed, _ := base64.StdEncoding.DecodeString(value[3:])
			z, err := zlib.NewReader(bytes.NewReader(compressed))
			require.NoError(t, err)
			plain, err := io.ReadAll(z)
			require.NoError(t, err)
			assert.Equal(t, test.signature, hex.EncodeToString(plain[2:34]))
		})
	}
}
