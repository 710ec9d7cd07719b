package bench

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// serverVariable makes the test binary a server instead of a test run: a
// process of its own, so that the server's work is not counted as the
// client's.
const serverVariable = "IMRECALL_BENCH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		serve(os.Stdin, os.Stdout)
		return
	}
	code := m.Run()
	if err := theServer.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "the server ended with:", err)
		code = 1
	}
	os.Exit(code)
}

// theServer is started by whoever needs it first, and serves all.
var theServer server

// server is the server process.
type server struct {
	once    sync.Once
	err     error
	at      addresses
	process *exec.Cmd
	stdin   io.Closer
	roots   string // a file with the certificate
}

// addresses are what a server process tells about itself.
type addresses struct {
	HTTP, HTTPS string // base URLs
	Certificate []byte // of HTTPS, in DER
}

// start returns the addresses of the server, which it starts the first time.
func (s *server) start(tb testing.TB) addresses {
	tb.Helper()
	s.once.Do(func() { s.err = s.run() })
	if s.err != nil {
		tb.Fatal("no server: ", s.err)
	}
	return s.at
}

func (s *server) run() error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	s.process = exec.Command(binary)
	s.process.Env = append(os.Environ(), serverVariable+"=1")
	s.process.Stderr = os.Stderr
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if s.stdin, err = s.process.StdinPipe(); err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	if err := json.NewDecoder(stdout).Decode(&s.at); err != nil {
		return err
	}
	return s.trust()
}

// trust makes the server's certificate the only one that this process takes for the system's, so that clients can be
// measured with all defaults over TLS too. It has to happen before the first handshake, and works where Go itself reads
// the system's certificates.
func (s *server) trust() error {
	file, err := os.CreateTemp("", "imrecall-bench-*.pem")
	if err != nil {
		return err
	}
	s.roots = file.Name()
	if err := pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: s.at.Certificate}); err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Setenv("SSL_CERT_FILE", s.roots), os.Setenv("SSL_CERT_DIR", os.DevNull))
}

// stop ends the server: it runs until its standard input does.
func (s *server) stop() error {
	if s.stdin == nil {
		return nil
	}
	return errors.Join(s.stdin.Close(), s.process.Wait(), os.Remove(s.roots))
}
