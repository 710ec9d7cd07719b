//go:build unix

package config

import "os"

// exposed tells whether others than the owner can read a file.
func exposed(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}
