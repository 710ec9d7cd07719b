// Package bench measures what a recall costs beside a hand-written net/http
// client that does the same work. It holds tests only; docs/performance.md
// says how to run them and what came out.
package bench
