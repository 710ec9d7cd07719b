// Package cli is the command line: what each command takes, prints and exits with.
package cli

// Main runs the command that os.Args names, and returns the exit code.
func Main() int { return 0 }
