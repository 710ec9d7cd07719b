package rest

import (
	"fmt"
	"strings"
)

// Describe prints a Config or a Client for a log: its type's name and pairs of
// a field's name and value. Fields with an empty value are left out.
func Describe(typeName string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(typeName + "{")
	separator := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteString(separator + pairs[i] + ": " + pairs[i+1])
		separator = ", "
	}
	return b.String() + "}"
}

// Hidden stands for a secret in Describe: it tells only whether there is one.
func Hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return mark
}

// HiddenAll stands for several secrets in Describe: it tells only whether
// there are any.
func HiddenAll(secrets []string) string { return Hidden(strings.Join(secrets, "")) }

// FuncOf stands for a function in Describe: it tells only whether there is one.
func FuncOf(given bool) string {
	if given {
		return "func"
	}
	return ""
}

// TypeOf stands for a value in Describe whose own printing can't be trusted
// to hide what it holds.
func TypeOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%T", v)
}

// HostOf stands for a host in Describe: a URL with a password in it is a
// mistake that New refuses, but it may be printed before.
func HostOf(host string) string {
	if strings.Contains(host, "@") {
		return mark
	}
	return host
}
