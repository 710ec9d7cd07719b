package easemobtest

import (
	"net/http"
	"strings"
)

// The texts and statuses below are those of https://doc.easemob.com/document/server-side/error.html and of
// the page of the endpoint that they belong to.

// failure is an answer other than success.
type failure struct {
	status      int
	code        string // "error" on the wire
	exception   string
	description string
	// usergrid marks the failures of the layer that is derived from Apache Usergrid (application look-up,
	// token), which is known to order its keys differently.
	usergrid bool
}

type imError struct {
	Error       string `json:"error"`
	Exception   string `json:"exception,omitempty"`
	Timestamp   int64  `json:"timestamp"`
	Duration    int    `json:"duration"`
	Description string `json:"error_description"`
}

type usergridError struct {
	Error       string `json:"error"`
	Timestamp   int64  `json:"timestamp"`
	Duration    int    `json:"duration"`
	Exception   string `json:"exception,omitempty"`
	Description string `json:"error_description"`
}

func (f *failure) body(now int64) any {
	if f.usergrid {
		return usergridError{Error: f.code, Timestamp: now, Exception: f.exception, Description: f.description}
	}
	return imError{Error: f.code, Exception: f.exception, Timestamp: now, Description: f.description}
}

func applicationNotFound(r *http.Request) *failure {
	return &failure{
		status:    http.StatusNotFound,
		code:      "organization_application_not_found",
		exception: "org.apache.usergrid.rest.exceptions.OrganizationApplicationNotFoundException",
		description: "Could not find application for " + r.PathValue("org") + "/" + r.PathValue("app") +
			" from URI: " + strings.TrimPrefix(r.URL.Path, "/"),
		usergrid: true,
	}
}

// wrongURL and unsupportedOperation are permanent although they are 500: the documented answers to a URL
// that does not exist and to a method that the URL does not take.
func wrongURL() *failure {
	return &failure{
		status:      http.StatusInternalServerError,
		code:        "web_application",
		description: "javax.ws.rs.WebApplicationException",
	}
}

func unsupportedOperation() *failure {
	return &failure{
		status:      http.StatusInternalServerError,
		code:        "unsupported_service_operation",
		description: "Service operation not supported",
	}
}

func unsupportedMediaType() *failure {
	return &failure{
		status:      http.StatusUnsupportedMediaType,
		code:        "web_application",
		description: "Unsupported Media Type",
	}
}

// jsonParse: only the words up to the parenthesis are documented.
func jsonParse(err error) *failure {
	return &failure{
		status:      http.StatusBadRequest,
		code:        "json_parse",
		description: "Unexpected character (" + err.Error() + ")",
	}
}

func invalidRequestBody() *failure {
	return &failure{
		status:      http.StatusBadRequest,
		code:        "invalid_request_body",
		description: "Request body is invalid. Please check body is correct.",
	}
}

func illegalArgument(description string) *failure {
	return &failure{status: http.StatusBadRequest, code: "illegal_argument", description: description}
}

func invalidGrant(description string) *failure {
	return &failure{status: http.StatusBadRequest, code: "invalid_grant", description: description}
}

func unauthorized(description string) *failure {
	return &failure{
		status:      http.StatusUnauthorized,
		code:        "unauthorized",
		exception:   "EasemobSecurityException",
		description: description,
		usergrid:    true,
	}
}

func badAccessToken(description string) *failure {
	return &failure{
		status:      http.StatusUnauthorized,
		code:        "auth_bad_access_token",
		exception:   "EasemobSecurityException",
		description: description,
	}
}
