// A client of feeder.LogService built from KubeArmor's own published protobuf module: what the project's servers are
// tested against. It does what existing peers do, in their order (three streams, then HealthCheck), and prints one JSON
// object a line for everything it got.
//
//	{"kind":"health","nonce":N,"echo":N}
//	{"kind":"alert"|"log"|"message","json":"<encoding/json of the message>","unknown":[field numbers]}
//	{"kind":"end","stream":"alerts"|"logs"|"messages","code":"OK","message":""}
//	{"kind":"failed","code":"Unavailable","message":"…"}
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	pb "github.com/kubearmor/KubeArmor/protobuf"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

type line struct {
	Kind    string  `json:"kind"`
	Stream  string  `json:"stream,omitempty"`
	JSON    string  `json:"json,omitempty"`
	Unknown []int32 `json:"unknown,omitempty"`
	Nonce   int32   `json:"nonce,omitempty"`
	Echo    int32   `json:"echo,omitempty"`
	Code    string  `json:"code,omitempty"`
	Message string  `json:"message,omitempty"`
}

type printer struct {
	lock   sync.Mutex
	left   int
	cancel context.CancelFunc
}

func (p *printer) print(l line) {
	p.lock.Lock()
	defer p.lock.Unlock()
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
	if l.JSON != "" && p.left > 0 {
		p.left--
		if p.left == 0 {
			p.cancel()
		}
	}
}

func (p *printer) failed(err error) {
	p.print(line{Kind: "failed", Code: status.Code(err).String(), Message: err.Error()})
}

func unknownFields(message proto.Message) []int32 {
	rest := message.ProtoReflect().GetUnknown()
	fields := []int32{}
	for len(rest) > 0 {
		number, kind, head := protowire.ConsumeTag(rest)
		if head < 0 {
			break
		}
		size := protowire.ConsumeFieldValue(number, kind, rest[head:])
		if size < 0 {
			break
		}
		if !slices.Contains(fields, int32(number)) {
			fields = append(fields, int32(number))
		}
		rest = rest[head+size:]
	}
	return fields
}

// read passes on what a stream brings until it ends.
func read[M proto.Message](ctx context.Context, out *printer, stream, kind string, receive func() (M, error)) {
	for {
		message, err := receive()
		if ctx.Err() != nil {
			return
		}
		if err == io.EOF {
			out.print(line{Kind: "end", Stream: stream, Code: "OK"})
			return
		}
		if err != nil {
			out.print(line{Kind: "end", Stream: stream, Code: status.Code(err).String(), Message: err.Error()})
			return
		}
		text, err := json.Marshal(message)
		if err != nil {
			panic(err)
		}
		out.print(line{Kind: kind, JSON: string(text), Unknown: unknownFields(message)})
	}
}

func transport(ca, cert, key, serverName string) (credentials.TransportCredentials, error) {
	if ca == "" {
		return insecure.NewCredentials(), nil
	}
	authority, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: serverName, MinVersion: tls.VersionTLS12}
	if !config.RootCAs.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("no certificate in %s", ca)
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}

func main() {
	address := flag.String("address", "localhost:32767", "host:port of the server")
	alerts := flag.String("alerts", "policy", "filter of WatchAlerts; none does not watch")
	logs := flag.String("logs", "system", "filter of WatchLogs; none does not watch")
	messages := flag.String("messages", "all", "filter of WatchMessages; none does not watch")
	count := flag.Int("count", 0, "ends after so many events; 0 is no end")
	ca := flag.String("ca", "", "CA certificate; without it the connection is in clear text")
	cert := flag.String("cert", "", "client certificate")
	key := flag.String("key", "", "its key")
	serverName := flag.String("serverName", "", "name the server's certificate must have, when not the host dialled")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	out := &printer{left: *count, cancel: cancel}

	creds, err := transport(*ca, *cert, *key, *serverName)
	if err != nil {
		out.failed(err)
		os.Exit(1)
	}
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(creds))
	if err != nil {
		out.failed(err)
		os.Exit(1)
	}
	defer connection.Close()
	client := pb.NewLogServiceClient(connection)

	var readers sync.WaitGroup
	start := func(run func()) { readers.Add(1); go func() { defer readers.Done(); run() }() }
	if *messages != "none" {
		stream, err := client.WatchMessages(ctx, &pb.RequestMessage{Filter: *messages})
		if err != nil {
			out.failed(err)
			os.Exit(1)
		}
		start(func() { read(ctx, out, "messages", "message", stream.Recv) })
	}
	if *alerts != "none" {
		stream, err := client.WatchAlerts(ctx, &pb.RequestMessage{Filter: *alerts})
		if err != nil {
			out.failed(err)
			os.Exit(1)
		}
		start(func() { read(ctx, out, "alerts", "alert", stream.Recv) })
	}
	if *logs != "none" {
		stream, err := client.WatchLogs(ctx, &pb.RequestMessage{Filter: *logs})
		if err != nil {
			out.failed(err)
			os.Exit(1)
		}
		start(func() { read(ctx, out, "logs", "log", stream.Recv) })
	}

	nonce := rand.Int31()
	check, done := context.WithTimeout(ctx, 10*time.Second)
	reply, err := client.HealthCheck(check, &pb.NonceMessage{Nonce: nonce})
	done()
	if err != nil {
		if ctx.Err() == nil {
			out.failed(err)
			os.Exit(1)
		}
	} else {
		out.print(line{Kind: "health", Nonce: nonce, Echo: reply.Retval})
	}
	readers.Wait()
}
