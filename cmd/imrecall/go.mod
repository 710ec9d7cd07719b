module github.com/imrecall/imrecall/cmd/imrecall

go 1.26.0

replace github.com/imrecall/imrecall => ../..

require (
	github.com/imrecall/imrecall v0.0.0-00010101000000-000000000000
	github.com/pelletier/go-toml/v2 v2.4.3
	golang.org/x/sys v0.49.0
)

require (
	github.com/go-resty/resty/v2 v2.17.2 // indirect
	golang.org/x/net v0.62.0 // indirect
)
