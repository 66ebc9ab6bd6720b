package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tidings-dev/tidings"
	"github.com/tidings-dev/tidings/analytics"
	"github.com/tidings-dev/tidings/contexts"
)

// demoRuns are copies of files in testdata/runs/agui, with their licence.
//
//go:embed demo/*.jsonl demo/LICENSE
var demoRuns embed.FS

// An act is a recorded run that is part of the program.
type act struct {
	title  string // what its sessions' names begin with
	file   string // in demo, without its extension
	name   string // of the context
	agent  string
	failed bool // the run ends in an error
}

// acts are played in this order, over and over.
var acts = []act{
	{title: "clock", file: "pydantic-openai.tool_time", name: "What time is it?", agent: "Pydantic AI"},
	{title: "algebra", file: "anthropic-raw.thinking", name: "Solve for x", agent: "Anthropic SDK"},
	{title: "state", file: "llamaindex-openai.tool_time", name: "The time, with its state", agent: "LlamaIndex"},
	{title: "approval", file: "agno-openai.hitl_approval", name: "Delete important data?", agent: "Agno"},
	{title: "failure", file: "gemini-raw.multi_tool", name: "A run that fails", agent: "Gemini SDK", failed: true},
	{title: "steps", file: "langgraph-cerebras.tool_calc", name: "42 times 17, step by step", agent: "LangGraph"},
	{title: "sum", file: "vercel-openai.multi_tool", name: "Time and a sum", agent: "Vercel AI SDK"},
	{title: "hello", file: "crewai.simple", name: "Hello", agent: "CrewAI"},
}

// A show plays acts on a hub.
type show struct {
	hub   *tidings.Hub
	pace  pace
	pause time.Duration // after each act
}

// play plays one act after the other for an owner, from the first on, until
// ctx ends.
func (s *show) play(ctx context.Context, owner string, first int) error {
	for n := 1; ; n++ {
		a := &acts[(first+n-1)%len(acts)]
		err := s.act(ctx, owner, fmt.Sprintf("%s-%d", a.title, n), a)
		if err == nil {
			err = sleepUntil(ctx, time.Now().Add(s.pause))
		}
		if ctx.Err() != nil {
			return nil // which is how it ends
		}
		if err != nil {
			return fmt.Errorf("demo/%s.jsonl: %w", a.file, err)
		}
	}
}

// act plays an act in a session.
func (s *show) act(ctx context.Context, owner, session string, a *act) error {
	data, err := demoRuns.ReadFile("demo/" + a.file + ".jsonl")
	if err != nil {
		return err
	}
	r, err := parseRecording(a.file, data, &placer{channel: tidings.AGUI, session: session}, owner, session, time.Second)
	if err != nil {
		return err
	}
	send := func(events []tidings.Event) error {
		_, err := s.hub.PublishBatch(ctx, events)
		return err
	}
	if err := s.open(ctx, owner, session, a); err != nil {
		return err
	}
	if err := s.pace.play(ctx, r, send); err != nil {
		return err
	}
	return send([]tidings.Event{a.task(owner, session, a.outcome())})
}

// open says, before the run, what the context is called, that its page is
// looked at, and that the agent works.
func (s *show) open(ctx context.Context, owner, session string, a *act) error {
	created := contexts.NewCreated(session, a.name+" · "+a.agent)
	if _, err := contexts.NewBroadcaster(s.hub).Broadcast(ctx, owner, created); err != nil {
		return err
	}
	view := analytics.NewPageView(session, "/contexts/"+session)
	view.UserID = owner
	if _, err := analytics.NewBroadcaster(s.hub).Broadcast(ctx, owner, view); err != nil {
		return err
	}
	_, err := s.hub.Publish(ctx, a.task(owner, session, "TASK_STATE_WORKING"))
	return err
}

// outcome returns how the task ends.
func (a *act) outcome() string {
	if a.failed {
		return "TASK_STATE_FAILED"
	}
	return "TASK_STATE_COMPLETED"
}

// task returns the A2A event of the task behind a run.
func (a *act) task(owner, session, state string) tidings.Event {
	type status struct {
		State     string `json:"state"`
		Timestamp string `json:"timestamp"`
	}
	type update struct {
		TaskID    string `json:"taskId"`
		ContextID string `json:"contextId"`
		Status    status `json:"status"`
	}
	return notice(owner, session, tidings.A2A, "statusUpdate", struct {
		StatusUpdate update `json:"statusUpdate"`
	}{update{"task-" + session, session, status{state, now()}}})
}

// notice returns a value as an event.
func notice(owner, session string, channel tidings.Channel, kind string, value any) tidings.Event {
	data, _ := json.Marshal(value) // structures of strings always can be
	return tidings.Event{User: owner, Channel: channel, Session: session, Type: kind, Data: data}
}

// now returns the time as timestamps are written.
func now() string { return time.Now().UTC().Format(time.RFC3339) }
