// Package docs has no code of its own: its tests check the Markdown files of this module. Go blocks compile, links
// lead somewhere, generated tables are up to date, and the translations match.
package docs
