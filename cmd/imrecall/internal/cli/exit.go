package cli

import (
	"errors"

	"github.com/imrecall/imrecall/recall"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/wave"
)

// The exit codes. They are part of what users rely on.
const (
	exitYes         = 0   // the vendor said yes
	exitNo          = 1   // refused, or nothing was sent: the message is where it was
	exitUsage       = 2   // the command line or the input is wrong
	exitUnknown     = 3   // sent, and no answer told what became of it
	exitConfig      = 4   // credentials, configuration, or what the plan includes
	exitInterrupted = 130 // stopped by a signal before the end
)

// exitError ends the program with a code. Where it has no error, everything was said before.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error { return &exitError{exitUsage, err} }

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// codeOf is the exit code of an error. One that nobody gave a code comes from parsing the command line.
func codeOf(err error) int {
	var exit *exitError
	var conf *config.Error
	var e *recall.Error
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &conf):
		return exitConfig
	case errors.As(err, &e):
		return codeOfResult(err)
	}
	return exitUsage
}

// codeOfResult is the exit code of a recall.
func codeOfResult(err error) int {
	if err == nil {
		return exitYes
	}
	switch wave.ClassOf(recall.Result{Err: err}) {
	case wave.Unknown:
		return exitUnknown
	case wave.Invalid:
		return exitUsage
	}
	if wave.AboutApp(err) {
		return exitConfig
	}
	return exitNo
}

// exitOf is the exit code of a run: with all, what became of the messages in this run and those before.
func exitOf(s wave.Summary, all wave.Counts) int {
	switch {
	case s.Halt != nil && wave.AboutApp(s.Halt):
		return exitConfig
	case s.Stopped && s.Halt == nil:
		return exitInterrupted
	case all[wave.Unknown] > 0:
		return exitUnknown
	case s.Halt != nil || all.FailureCount() > 0:
		return exitNo
	}
	return exitYes
}
