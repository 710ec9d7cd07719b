// Package cli is the command line: what each command takes, prints and exits with.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Env is what a command has around it.
type Env struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string
	Width          int // of the terminal that Stderr is; 0 where it is none
	Now            func() time.Time
	Signals        func() <-chan os.Signal // interrupts from now on; until it is called they end the process
	Exit           func(code int)          // ends the process at once
}

// Main runs the command that os.Args names, and returns the exit code.
func Main() int {
	env := Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ,
		Width: width(os.Stderr), Now: time.Now, Signals: signals, Exit: os.Exit,
	}
	return Run(context.Background(), env)
}

func signals() <-chan os.Signal {
	out := make(chan os.Signal, 2)
	signal.Notify(out, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(out, syscall.SIGHUP)
	}
	return out
}

// width is that of a terminal; 0 where there is none, or one that can't move its cursor.
func width(file *os.File) int {
	fd := int(file.Fd()) // #nosec G115 -- a file descriptor
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return 0
	}
	columns, _, err := term.GetSize(fd)
	if err != nil || columns <= 0 {
		return 80
	}
	return columns
}

// Run runs one command and returns the exit code.
func Run(ctx context.Context, env Env) int {
	root := newRoot(env)
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	if text := textOf(err); text != "" {
		fmt.Fprintln(env.Stderr, "imrecall: "+text)
	}
	return codeOf(err)
}

// quoted writes arguments as a shell reads them.
func quoted(args []string) string {
	var out []string
	for _, arg := range args {
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'\\$`!*?[](){}<>|&;#~") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		out = append(out, arg)
	}
	return strings.Join(out, " ")
}
