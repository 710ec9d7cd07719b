package easemobtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/imrecall/imrecall/easemob/easemobtest"
)

// The emulator speaks Easemob's protocol, so anything that can POST can recall.
func Example() {
	srv := easemobtest.NewServer()
	defer srv.Close()
	srv.Add(easemobtest.Message{ID: "1028442084794698104", From: "user1", To: "user2", Chat: "chat"})

	post := func(path, token, body string) (answer struct {
		AccessToken string                    `json:"access_token"`
		Data        struct{ Recalled string } `json:"data"`
		Description string                    `json:"error_description"`
	},
	) {
		req, err := http.NewRequest(http.MethodPost, srv.URL+"/"+srv.Org+"/"+srv.App+path, strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return answer
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := srv.Client().Do(req)
		if err != nil {
			fmt.Println(err)
			return answer
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			fmt.Println(err)
		}
		return answer
	}

	token := post("/token", "", fmt.Sprintf(`{"grant_type":"client_credentials","client_id":%q,"client_secret":%q}`,
		srv.ClientID, srv.ClientSecret)).AccessToken
	recall := `{"msg_id":"1028442084794698104","to":"user2","chat_type":"chat","force":false}`
	fmt.Println("recalled:", post("/messages/msg_recall", token, recall).Data.Recalled)
	fmt.Println("again:", post("/messages/msg_recall", token, recall).Description)
	fmt.Println("gone:", srv.Recalled("1028442084794698104"))
	// Output:
	// recalled: yes
	// again: not_found msg
	// gone: true
}
