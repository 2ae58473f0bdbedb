// Two programs that know Consul, as they are: the discovery of Prometheus, and Consul's own client for Go.
//
//	go-judge discover ADDRESS TOKEN [SERVICE...]   prints each target group as a line of JSON, until it is ended
//	go-judge client ADDRESS TOKEN                  uses the client, and prints what went well, a line each
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/hashicorp/consul/api"
	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/consul"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

func main() {
	var err error
	switch command, address, token := os.Args[1], os.Args[2], os.Args[3]; command {
	case "discover":
		err = discover(address, token, os.Args[4:])
	case "client":
		err = useClient(address, token)
	default:
		err = errors.New("unknown command " + command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func discover(address, token string, services []string) error {
	settings := consul.DefaultSDConfig
	settings.Server = address
	settings.Token = config.Secret(token)
	settings.RefreshInterval = model.Duration(100 * time.Millisecond)
	settings.Services = services
	discovery, err := consul.NewDiscovery(&settings, log.NewLogfmtLogger(os.Stderr))
	if err != nil {
		return err
	}
	groups := make(chan []*targetgroup.Group)
	go discovery.Run(context.Background(), groups)
	for some := range groups {
		for _, group := range some {
			targets := []model.LabelSet{}
			for _, target := range group.Targets {
				targets = append(targets, group.Labels.Merge(target))
			}
			line, err := json.Marshal(map[string]any{"source": group.Source, "targets": targets})
			if err != nil {
				return err
			}
			fmt.Println(string(line))
		}
	}
	return nil
}

func useClient(address, token string) error {
	client, err := api.NewClient(&api.Config{Address: address, Token: token})
	if err != nil {
		return err
	}
	steps := []struct {
		name string
		run  func(*api.Client) error
	}{
		{"kv", useKv},
		{"transaction", useTxn},
		{"session", useSession},
		{"lock", useLock},
		{"semaphore", useSemaphore},
		{"agent", useAgent},
		{"catalog", useCatalog},
		{"watch", useWatch},
		{"event", useEvent},
		{"status", useStatus},
	}
	for _, step := range steps {
		if err := step.run(client); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println(step.name)
	}
	return nil
}

func expect(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf("not so: "+format, values...)
}

func useKv(client *api.Client) error {
	kv := client.KV()
	const flags = uint64(18446744073709551615)
	if _, err := kv.Put(&api.KVPair{Key: "go/a", Value: []byte("one"), Flags: flags}, nil); err != nil {
		return err
	}
	pair, meta, err := kv.Get("go/a", nil)
	if err != nil {
		return err
	}
	if err := expect(pair.Flags == flags && bytes.Equal(pair.Value, []byte("one")), "%v", pair); err != nil {
		return err
	}
	if err := expect(meta.KnownLeader && meta.LastIndex == pair.ModifyIndex, "%v", meta); err != nil {
		return err
	}
	done, _, err := kv.CAS(&api.KVPair{Key: "go/a", Value: []byte("two"), ModifyIndex: pair.ModifyIndex}, nil)
	if err != nil || !done {
		return fmt.Errorf("cas: %v %w", done, err)
	}
	done, _, err = kv.CAS(&api.KVPair{Key: "go/a", Value: []byte("three"), ModifyIndex: pair.ModifyIndex}, nil)
	if err != nil || done {
		return fmt.Errorf("stale cas: %v %w", done, err)
	}
	if _, err := kv.Put(&api.KVPair{Key: "go/b/c", Value: nil}, nil); err != nil {
		return err
	}
	keys, _, err := kv.Keys("go/", "/", nil)
	if err != nil {
		return err
	}
	if err := expect(strings.Join(keys, " ") == "go/a go/b/", "%v", keys); err != nil {
		return err
	}
	pairs, _, err := kv.List("go/", nil)
	if err != nil || len(pairs) != 2 {
		return fmt.Errorf("list: %v %w", pairs, err)
	}
	if _, err := kv.DeleteTree("go/", nil); err != nil {
		return err
	}
	pair, _, err = kv.Get("go/a", nil)
	if err != nil || pair != nil {
		return fmt.Errorf("deleted: %v %w", pair, err)
	}
	return nil
}

func useTxn(client *api.Client) error {
	operations := api.KVTxnOps{
		{Verb: api.KVSet, Key: "go/t", Value: []byte("x"), Flags: 1 << 63},
		{Verb: api.KVGet, Key: "go/t"},
		{Verb: api.KVDeleteTree, Key: "go/none/"},
	}
	done, response, _, err := client.KV().Txn(operations, nil)
	if err != nil || !done {
		return fmt.Errorf("%v %v %w", done, response, err)
	}
	if err := expect(len(response.Results) == 2 && response.Results[1].Flags == 1<<63, "%v", response.Results); err != nil {
		return err
	}
	stale := api.KVTxnOps{{Verb: api.KVCheckNotExists, Key: "go/t"}}
	done, response, _, err = client.KV().Txn(stale, nil)
	if err != nil || done || len(response.Errors) != 1 {
		return fmt.Errorf("failed: %v %v %w", done, response, err)
	}
	return nil
}

func useSession(client *api.Client) error {
	sessions := client.Session()
	id, _, err := sessions.Create(&api.SessionEntry{Name: "go", TTL: "10s", LockDelay: time.Second, Behavior: "delete"}, nil)
	if err != nil {
		return err
	}
	entry, _, err := sessions.Renew(id, nil)
	if err != nil {
		return err
	}
	if err := expect(entry.Name == "go" && entry.LockDelay == time.Second && entry.Behavior == "delete", "%v", entry); err != nil {
		return err
	}
	if _, err := sessions.Destroy(id, nil); err != nil {
		return err
	}
	entry, _, err = sessions.Renew(id, nil)
	if err != nil || entry != nil {
		return fmt.Errorf("destroyed: %v %w", entry, err)
	}
	return nil
}

// Four who want one lock: never two have it.
func useLock(client *api.Client) error {
	var holders, turns atomic.Int32
	var all sync.WaitGroup
	failures := make(chan error, 4)
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			failures <- func() error {
				lock, err := client.LockKey("go/lock")
				if err != nil {
					return err
				}
				if _, err := lock.Lock(nil); err != nil {
					return err
				}
				if err := expect(holders.Add(1) == 1, "one holder"); err != nil {
					return err
				}
				turns.Add(1)
				holders.Add(-1)
				return lock.Unlock()
			}()
		}()
	}
	all.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return expect(turns.Load() == 4, "four turns")
}

func useSemaphore(client *api.Client) error {
	first, err := client.SemaphorePrefix("go/semaphore", 1)
	if err != nil {
		return err
	}
	if _, err := first.Acquire(nil); err != nil {
		return err
	}
	second, err := client.SemaphoreOpts(&api.SemaphoreOptions{Prefix: "go/semaphore", Limit: 1, SemaphoreTryOnce: true, SemaphoreWaitTime: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	lost, err := second.Acquire(nil)
	if err != nil || lost != nil {
		return fmt.Errorf("the second: %v %w", lost, err)
	}
	if err := first.Release(); err != nil {
		return err
	}
	if lost, err = second.Acquire(nil); err != nil || lost == nil {
		return fmt.Errorf("the second, later: %w", err)
	}
	return second.Release()
}

func useAgent(client *api.Client) error {
	agent := client.Agent()
	registration := &api.AgentServiceRegistration{
		ID: "go-1", Name: "go-web", Port: 8080, Address: "127.0.0.1", Tags: []string{"v1"}, Meta: map[string]string{"k": "v"},
		Check: &api.AgentServiceCheck{TTL: "60s", DeregisterCriticalServiceAfter: "10m"},
	}
	if err := agent.ServiceRegister(registration); err != nil {
		return err
	}
	if err := agent.UpdateTTL("service:go-1", "fine", api.HealthPassing); err != nil {
		return err
	}
	status, info, err := agent.AgentHealthServiceByID("go-1")
	if err != nil || status != api.HealthPassing || info.Service.Port != 8080 {
		return fmt.Errorf("health: %v %v %w", status, info, err)
	}
	service, _, err := agent.Service("go-1", nil)
	if err != nil || service.ContentHash == "" || service.Meta["k"] != "v" {
		return fmt.Errorf("service: %v %w", service, err)
	}
	checks, err := agent.Checks()
	if err != nil || checks["service:go-1"].Output != "fine" {
		return fmt.Errorf("checks: %v %w", checks, err)
	}
	name, err := agent.NodeName()
	if err != nil || name == "" {
		return fmt.Errorf("node: %w", err)
	}
	return nil
}

func useCatalog(client *api.Client) error {
	entries, _, err := client.Health().Service("go-web", "v1", true, nil)
	if err != nil || len(entries) != 1 || entries[0].Checks.AggregatedStatus() != api.HealthPassing {
		return fmt.Errorf("health: %v %w", entries, err)
	}
	nodes, _, err := client.Catalog().Service("go-web", "", nil)
	if err != nil || len(nodes) != 1 || nodes[0].ServicePort != 8080 {
		return fmt.Errorf("service: %v %w", nodes, err)
	}
	node, _, err := client.Catalog().Node(nodes[0].Node, nil)
	if err != nil || node.Services["go-1"] == nil {
		return fmt.Errorf("node: %v %w", node, err)
	}
	checks, _, err := client.Health().State(api.HealthAny, nil)
	if err != nil || len(checks) < 2 {
		return fmt.Errorf("state: %v %w", checks, err)
	}
	return nil
}

func useWatch(client *api.Client) error {
	_, meta, err := client.Health().Service("go-web", "", false, nil)
	if err != nil {
		return err
	}
	answered := make(chan error, 1)
	go func() {
		entries, after, err := client.Health().Service("go-web", "", false, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: time.Minute})
		if err == nil {
			err = expect(after.LastIndex > meta.LastIndex && len(entries) == 0, "%v %v", after, entries)
		}
		answered <- err
	}()
	if err := client.Agent().ServiceDeregister("go-1"); err != nil {
		return err
	}
	return <-answered
}

func useEvent(client *api.Client) error {
	id, _, err := client.Event().Fire(&api.UserEvent{Name: "go", Payload: []byte("now")}, nil)
	if err != nil {
		return err
	}
	events, _, err := client.Event().List("go", nil)
	if err != nil || len(events) != 1 || events[0].ID != id || string(events[0].Payload) != "now" {
		return fmt.Errorf("%v %w", events, err)
	}
	return nil
}

func useStatus(client *api.Client) error {
	leader, err := client.Status().Leader()
	if err != nil || leader == "" {
		return fmt.Errorf("leader: %w", err)
	}
	self, err := client.Agent().Self()
	if err != nil || self["Config"]["Datacenter"] != "dc1" {
		return fmt.Errorf("self: %v %w", self, err)
	}
	token, _, err := client.ACL().TokenReadSelf(nil)
	if err != nil || token.AccessorID == "" {
		return fmt.Errorf("token: %w", err)
	}
	return nil
}
