package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/config"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/spelling"
)

// program is a run of the command line: its surroundings and the flags that all commands share.
type program struct {
	env    Env
	app    string
	vendor string
	file   string
	set    []string
}

func newRoot(env Env) *cobra.Command {
	p := &program{env: env}
	root := &cobra.Command{
		Use:   "imrecall",
		Short: "Recall chat messages at Easemob, NetEase Yunxin and GoEasy",
		Long: `Recall chat messages at Easemob, NetEase Yunxin and GoEasy.

Exit codes: 0 the vendor said yes; 1 refused, or not sent; 2 usage or input;
3 unknown: may have applied; 4 credentials or configuration; 130 interrupted.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return noCommand(cmd, args[0])
		},
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return usage(errors.New("a command is missing"))
		},
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate("{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}\n{{end}}" + usageTemplate)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if i := slices.IndexFunc(env.Args, func(arg string) bool { return !strings.HasPrefix(arg, "-") }); i >= 0 && !cmd.HasParent() {
			return noCommand(cmd, env.Args[i]) // the flags of a misspelt command are not known
		}
		return usage(fmt.Errorf("%w%s (%s --help tells more)", err, flagMeant(cmd, err), cmd.CommandPath()))
	})
	root.AddCommand(p.recallCommand(), p.bulkCommand(), p.doctorCommand(), p.emulateCommand(), p.versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Hidden = true // it works, and --help is enough to know
		case "completion":
			short(cmd)
		}
	}
	return root
}

// noCommand says that there is no such command.
func noCommand(root *cobra.Command, name string) error {
	var names []string
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			names = append(names, cmd.Name())
		}
	}
	return usage(fmt.Errorf("there is no command %s%s (imrecall --help tells more)", name, spelling.DidYouMean(name, names)))
}

// flagMeant asks for the flag that a misspelt one is nearest to.
func flagMeant(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var known []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, "--"+flag.Name) })
	return spelling.DidYouMean("--"+unknown.GetSpecifiedName(), known)
}

// short makes the help of completion fit a screen, and refuses a shell that it has no script for.
func short(completion *cobra.Command) {
	load := map[string]string{
		"bash": "It needs the package bash-completion. To load it now, and in each new session:\n\n" +
			"  source <(imrecall completion bash)\n  imrecall completion bash > /etc/bash_completion.d/imrecall",
		"zsh": "It needs compinit. To load it now, and in each new session:\n\n" +
			"  source <(imrecall completion zsh)\n  imrecall completion zsh > \"${fpath[1]}/_imrecall\"",
		"fish": "To load it now, and in each new session:\n\n" +
			"  imrecall completion fish | source\n  imrecall completion fish > ~/.config/fish/completions/imrecall.fish",
		"powershell": "To load it now, and in each new session by your profile:\n\n" +
			"  imrecall completion powershell | Out-String | Invoke-Expression",
	}
	completion.Long = "Print a completion script for bash, zsh, fish or PowerShell."
	completion.Use, completion.DisableFlagsInUseLine = "completion SHELL", true
	completion.Args = cobra.ArbitraryArgs
	completion.RunE = func(*cobra.Command, []string) error {
		return usage(errors.New("completion takes bash, zsh, fish or powershell"))
	}
	for _, cmd := range completion.Commands() {
		cmd.Long = "Print the completion script for " + cmd.Name() + ".\n" + load[cmd.Name()]
	}
}

const usageTemplate = `
Usage: {{if not .HasParent}}{{.CommandPath}} COMMAND{{else if .Runnable}}{{.UseLine}}{{else}}{{.CommandPath}} COMMAND{{end}}
{{- if .HasExample}}
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name 11}} {{.Short}}{{end}}{{end}}

{{.CommandPath}} COMMAND --help tells more.{{end}}
{{- if .HasAvailableLocalFlags}}
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

// appFlags adds the flags that choose an application.
func (p *program) appFlags(cmd *cobra.Command, flags *pflag.FlagSet) {
	flags.StringVar(&p.app, "app", "", "the app with this `NAME` in the configuration file")
	flags.StringVar(&p.vendor, "vendor", "", "the `VENDOR`: easemob, netease or goeasy")
	flags.StringVar(&p.file, "config", "", "the configuration `FILE` (or IMRECALL_CONFIG)")
	flags.StringArrayVar(&p.set, "set", nil, "`KEY=VALUE`, any setting of an app but a secret")
	complete(cmd, "app", func(string) []string {
		file, err := p.load()
		if err != nil {
			return nil
		}
		return file.Names()
	})
	complete(cmd, "vendor", func(string) []string { return config.Vendors() })
	// No space after it: the value follows. As with complete, it fails for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("set", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		keys := config.Keys()
		for i := range keys {
			keys[i] += "="
		}
		return keys, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// complete makes the shell offer values for a flag.
func complete(cmd *cobra.Command, flag string, values func(begin string) []string) {
	// It fails for a flag that does not exist, which the tests of completion would show.
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
		return values(begin), cobra.ShellCompDirectiveNoFileComp
	})
}

// load reads the configuration file.
func (p *program) load() (*config.File, error) {
	path := p.file
	if path == "" {
		path = p.env.Getenv("IMRECALL_CONFIG")
	}
	return config.Load(path)
}

// resolve returns the application to work for, and the file that it may come from.
func (p *program) resolve(app string) (config.Resolved, *config.File, error) {
	file, err := p.load()
	if err != nil {
		return config.Resolved{}, nil, err
	}
	flags := map[string]string{}
	for _, pair := range p.set {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return config.Resolved{}, nil, usage(fmt.Errorf("--set %s: it has the form key=value", pair))
		}
		flags[key] = value
	}
	if p.vendor != "" {
		flags["vendor"] = p.vendor
	}
	resolved, err := config.Source{App: app, Flags: flags, Getenv: p.env.Getenv, File: file}.Resolve()
	return resolved, file, err
}

// client makes the client of the application to work for.
func (p *program) client() (config.Client, config.Resolved, error) {
	resolved, _, err := p.resolve(p.app)
	if err != nil {
		return nil, resolved, err
	}
	client, err := resolved.NewClient(p.env.Getenv)
	return client, resolved, err
}
