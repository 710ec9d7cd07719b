package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/imrecall/imrecall/recall"
	"github.com/spf13/cobra"

	"github.com/imrecall/imrecall/cmd/imrecall/internal/records"
	"github.com/imrecall/imrecall/cmd/imrecall/internal/wave"
)

// recallFlags are what the command recall takes.
type recallFlags struct {
	req     recall.Request
	chat    string
	sentAt  string
	json    bool
	timeout time.Duration
}

func (p *program) recallCommand() *cobra.Command {
	var f recallFlags
	cmd := &cobra.Command{
		Use:     "recall --id ID --chat CHAT --from USER --to ID [flags]",
		Short:   "Recall one message",
		Example: "  imrecall recall --app feed-cn --id 10386192 --chat direct --from ann --to bob",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.recall(cmd.Context(), f) },
	}
	cmd.DisableFlagsInUseLine = true
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.req.MessageID, "id", "", "the message's `ID` at the vendor (goeasy: not needed)")
	flags.StringVar(&f.chat, "chat", "", "the kind of `CHAT`: direct, group, super_group or room")
	flags.StringVar(&f.req.From, "from", "", "the `USER` who sent it")
	flags.StringVar(&f.req.To, "to", "", "the `ID` of the recipient, group or room")
	flags.StringVar(&f.sentAt, "sent-at", "", "the vendor's `TIME` of it: RFC 3339 or ms since 1970")
	flags.StringVar(&f.req.Operator, "operator", "", "the `USER` who recalls, as users see it")
	flags.StringVar(&f.req.Reason, "reason", "", "a `TEXT` that the participants see")
	flags.StringVar(&f.req.Extension, "extension", "", "`DATA` that goes to the clients with the recall")
	flags.BoolVar(&f.req.Force, "force", false, "recall after the vendor's window has passed, too")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "give up after this `TIME`")
	p.appFlags(cmd, flags)
	complete(cmd, "chat", func(string) []string { return []string{"direct", "group", "super_group", "room"} })
	return cmd
}

// request is the message that the flags name, or what is wrong with them.
func (f recallFlags) request() (recall.Request, error) {
	req := f.req
	req.Chat = recall.ChatType(f.chat)
	if f.sentAt != "" {
		at, err := records.ParseTime(f.sentAt)
		if err != nil {
			return req, fmt.Errorf("--sent-at %s", strings.TrimPrefix(records.Explain(err), "SentAt "))
		}
		req.SentAt = at
	}
	if f.timeout <= 0 {
		return req, errors.New("--timeout must be more than 0")
	}
	return req, nil
}

// recall recalls one message.
func (p *program) recall(ctx context.Context, f recallFlags) error {
	req, err := f.request()
	if err != nil {
		return usage(err)
	}
	client, _, err := p.client()
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	receipt, err := client.RecallMessage(ctx, req)
	result := recall.Result{Request: req, Receipt: receipt, Err: err}
	var lost error
	switch {
	case f.json:
		lost = json.NewEncoder(p.env.Stdout).Encode(result)
	case err != nil:
		p.complain(result)
	default:
		lost = p.confirm(result)
	}
	if lost != nil {
		// The code speaks of the message, whoever could not be told more.
		return &exitError{codeOfResult(err), fmt.Errorf("%s, but the result can't be written: %w", wave.ClassOf(result).Words(), lost)}
	}
	if err != nil {
		return &exitError{code: codeOfResult(err)}
	}
	return nil
}

// complain says in words why a message was not recalled.
func (p *program) complain(result recall.Result) {
	var e *recall.Error
	if errors.As(result.Err, &e) && wave.ClassOf(result) == wave.Invalid {
		fmt.Fprintln(p.env.Stderr, "imrecall: "+flagFor(e.Field)+" "+fmt.Sprint(e.Err))
		return
	}
	fmt.Fprintf(p.env.Stderr, "imrecall: %v\n%s\n", result.Err, p.meaning(result))
}

// confirm says in words what became of a message that was recalled.
func (p *program) confirm(result recall.Result) error {
	r := result.Receipt
	trace := ""
	if r.TraceID != "" {
		trace = ", trace " + r.TraceID
	}
	_, err := fmt.Fprintf(p.env.Stdout, "%s: %s\nvendor %s, app %s, code %s, attempts %d%s\n",
		wave.ClassOf(result).Words(), p.meaning(result), r.Vendor, r.App, r.Code, r.Attempts, trace)
	return err
}

func (p *program) meaning(result recall.Result) string {
	switch wave.ClassOf(result) {
	case wave.Recalled:
		return "the message is gone, the vendor's answer proves it"
	case wave.Accepted:
		return "the vendor said yes; this vendor says so of unknown messages too, so check the ids"
	case wave.AlreadyGone:
		return "an unanswered attempt went before, and the vendor does not know the message now"
	case wave.NotFound:
		return "The message was gone before, or its id is wrong: the vendor can't tell which."
	case wave.Unknown:
		return "The message may be gone. Recalling it again is harmless, and shows what became of it."
	case wave.Failed:
		return "Nothing was changed. Try again."
	case wave.Refused, wave.Invalid:
	}
	if wave.AboutApp(result.Err) {
		return "The message is where it was. imrecall doctor tells what to correct."
	}
	return "The message is where it was."
}

// flagFor is the flag that gives a field.
func flagFor(field string) string {
	for _, pair := range [][2]string{
		{"MessageID", "--id"},
		{"Chat", "--chat"},
		{"From", "--from"},
		{"To", "--to"},
		{"SentAt", "--sent-at"},
		{"Operator", "--operator"},
		{"Reason", "--reason"},
		{"Extension", "--extension"},
		{"Force", "--force"},
	} {
		if pair[0] == field {
			return pair[1]
		}
	}
	return field
}
