// Package main is a judge: franz-go, a Kafka client of its own making, against any broker.
//
// go run . -bootstrap HOST:PORT -prefix NAME
//
// It produces with every codec, copies from topic to topic in transactions with some aborts by two members of one group
// (classic and, with the environment below, the consumer protocol of KIP-848), and checks that the copy is exact.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	recordsPerCodec = 400
	partitions      = 4
	patience        = 120 * time.Second
	// idleAfter is how long nothing must come for a reader to have everything.
	idleAfter = 5 * time.Second
	abortEach = 3
)

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func main() {
	bootstrap := flag.String("bootstrap", "127.0.0.1:9092", "where the broker is")
	prefix := flag.String("prefix", "franz", "before the names of topics and groups")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := run(ctx, *bootstrap, *prefix); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bootstrap, prefix string) error {
	input, output := prefix+"-input", prefix+"-output"
	if err := createTopics(ctx, bootstrap, input, output); err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	total, err := produceAll(ctx, bootstrap, input)
	if err != nil {
		return fmt.Errorf("producing: %w", err)
	}
	if err := copyByGroup(ctx, bootstrap, prefix+"-group", input, output, total); err != nil {
		return fmt.Errorf("copying in transactions: %w", err)
	}
	if err := checkCopy(ctx, bootstrap, output, total); err != nil {
		return fmt.Errorf("checking the copy: %w", err)
	}
	fmt.Printf("%d records copied exactly\n", total)
	return nil
}

func createTopics(ctx context.Context, bootstrap string, topics ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return err
	}
	defer client.Close()
	responses, err := kadm.NewClient(client).CreateTopics(ctx, partitions, 1, nil, topics...)
	if err != nil {
		return err
	}
	return responses.Error()
}

// produceAll writes the numbers from 0 on, keyed, a part with each codec.
func produceAll(ctx context.Context, bootstrap, topic string) (int, error) {
	next := 0
	for name, codec := range codecs {
		client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec))
		if err != nil {
			return 0, err
		}
		records := make([]*kgo.Record, recordsPerCodec)
		for i := range records {
			text := strconv.Itoa(next)
			records[i] = &kgo.Record{Key: []byte(text), Value: []byte(text)}
			next++
		}
		err = client.ProduceSync(ctx, records...).FirstErr()
		client.Close()
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return next, nil
}

// copyByGroup has two members of one group copy everything, each in transactions of which some are aborted.
func copyByGroup(ctx context.Context, bootstrap, group, input, output string, total int) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	var members sync.WaitGroup
	failures := make(chan error, 2)
	var copied counter
	for member := range 2 {
		members.Add(1)
		go func() {
			defer members.Done()
			failures <- copyAsMember(ctx, bootstrap, group, fmt.Sprintf("%s-%d", group, member), input, output, func(n int) {
				if copied.add(n) >= total {
					done()
				}
			})
		}()
	}
	members.Wait()
	close(failures)
	for err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if copied.add(0) < total {
		return fmt.Errorf("only %d of %d records were copied", copied.add(0), total)
	}
	return nil
}

type counter struct {
	mutex sync.Mutex
	value int
}

func (c *counter) add(n int) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.value += n
	return c.value
}

func copyAsMember(ctx context.Context, bootstrap, group, id, input, output string, committed func(int)) error {
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(bootstrap),
		kgo.DefaultProduceTopic(output),
		kgo.TransactionalID(id),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(input),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
		kgo.FetchMaxWait(200*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer session.Close()
	for round := 1; ctx.Err() == nil; round++ {
		fetches := session.PollRecords(ctx, 100)
		if err := fetches.Err0(); err != nil {
			return err
		}
		if fetches.NumRecords() == 0 {
			continue
		}
		if err := session.Begin(); err != nil {
			return err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			session.Produce(ctx, &kgo.Record{Key: record.Key, Value: record.Value}, nil)
		})
		wanted := kgo.TransactionEndTry(round%abortEach != 0)
		// What was begun is ended even when the other member has seen the last record.
		ended, err := session.End(context.WithoutCancel(ctx), wanted)
		if err != nil {
			return err
		}
		if ended {
			committed(fetches.NumRecords())
		}
	}
	return nil
}

// checkCopy reads what is committed: every number once.
func checkCopy(ctx context.Context, bootstrap, topic string, total int) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	seen := make(map[string]int, total)
	for {
		pollCtx, cancel := context.WithTimeout(ctx, idleAfter)
		fetches := client.PollFetches(pollCtx)
		idle := pollCtx.Err() != nil
		cancel()
		fetches.EachRecord(func(record *kgo.Record) { seen[string(record.Value)]++ })
		if idle {
			break
		}
	}
	for number := range total {
		if count := seen[strconv.Itoa(number)]; count != 1 {
			return fmt.Errorf("number %d is there %d times", number, count)
		}
	}
	if len(seen) != total {
		return fmt.Errorf("%d different numbers instead of %d", len(seen), total)
	}
	return nil
}
