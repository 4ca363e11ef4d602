using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Connections;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Streams;

/// <summary>Every way in which a connection ends, what the client sees of it, and that exactly that is recorded.</summary>
public class EndReasonTests
{
    private static readonly Dictionary<ConnectionEndReason, Func<Task>> Scenarios = new()
    {
        [ConnectionEndReason.Completed] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address);
            await run.Client.SendAsync("hello");
            run.Client.HalfClose();
            await run.EndsAsync(ReadEnd.Fin, ConnectionEndReason.Completed);
            Assert.Equal((5, 5), (run.Records.BytesUp, run.Records.BytesDown));
        },
        [ConnectionEndReason.ClientReset] = async () =>
        {
            await using var sink = new SinkServer();
            await using var run = await Run.StartAsync(sink.Address);
            await run.Client.SendAsync("hello");
            await sink.AcceptedAsync();
            await run.Host.WaitForConnectionsAsync(connections => connections[0].BytesUp == 5);
            run.Client.Reset();
            Assert.Equal(ReadEnd.Reset, (await sink.ResultAsync()).End);
            await run.EndsAsync(null, ConnectionEndReason.ClientReset);
        },
        [ConnectionEndReason.UpstreamReset] = async () =>
        {
            await using var peer = new ScriptedPeer(script => script.Then(async (connection, _) => await connection.ReadExactlyAsync(5)).Reset());
            await using var run = await Run.StartAsync(peer.Address);
            await run.Client.SendAsync("hello");
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.UpstreamReset);
        },
        [ConnectionEndReason.ClientGone] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true } } """);
            await run.Host.WaitForConnectionsAsync(connections => connections.Count == 1);
            run.Client.Reset();
            await run.EndsAsync(null, ConnectionEndReason.ClientGone, isTaken: false);
        },
        [ConnectionEndReason.IdleTimeout] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "IdleTimeout": "5s" """);
            await run.ExchangeAsync();
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.IdleTimeout, passTime: true);
        },
        [ConnectionEndReason.HalfCloseTimeout] = async () =>
        {
            await using var peer = new ScriptedPeer(script => script.Stall());
            await using var run = await Run.StartAsync(peer.Address, """ "HalfCloseTimeout": "5s" """);
            run.Client.HalfClose();
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.HalfCloseTimeout, passTime: true);
        },
        [ConnectionEndReason.HandshakeTimeout] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true } } """);
            await run.Client.SendAsync("PROXY ");
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.HandshakeTimeout, isTaken: false, passTime: true);
        },
        [ConnectionEndReason.NoDestination] = async () =>
        {
            await using var run = await Run.StartAsync(null);
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.NoDestination);
        },
        [ConnectionEndReason.ConnectFailed] = async () =>
        {
            using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            await using var run = await Run.StartAsync($"tcp://{dead.LocalEndPoint}");
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.ConnectFailed);
        },
        [ConnectionEndReason.ConnectTimeout] = async () =>
        {
            using var blackhole = new Blackhole();
            await using var run = await Run.StartAsync(blackhole.Address, """ "ConnectTimeout": "3s" """);
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.ConnectTimeout, passTime: true);
        },
        [ConnectionEndReason.AccessDenied] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "Access": { "Deny": [ "127.0.0.0/8" ] } """);
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.AccessDenied);
            Assert.Equal(0, echo.AcceptedCount);
        },
        [ConnectionEndReason.ConnectionLimit] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "MaxConnections": 1 """);
            await run.ExchangeAsync();
            Assert.Equal(ReadEnd.Reset, await run.Host.EndOfConnectionAsync("s"));
            await run.RecordedAsync(ConnectionEndReason.ConnectionLimit, active: 1);
        },
        [ConnectionEndReason.ClientConnectionLimit] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "MaxConnectionsPerClient": 1 """);
            await run.ExchangeAsync();
            Assert.Equal(ReadEnd.Reset, await run.Host.EndOfConnectionAsync("s"));
            await run.RecordedAsync(ConnectionEndReason.ClientConnectionLimit, active: 1);
        },
        [ConnectionEndReason.ProxyProtocolError] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "ProxyProtocol": { "Accept": { "From": [ "127.0.0.1" ], "Required": true } } """);
            await run.Client.SendAsync("GET / HTTP/1.1\r\n\r\n");
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.ProxyProtocolError, isTaken: false);
            Assert.Equal(0, echo.AcceptedCount);
        },
        [ConnectionEndReason.ClientHelloError] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "Match": { "ServerNames": [ "a.example" ] } """);
            await run.Client.SendAsync("GET / HTTP/1.1\r\n\r\n");
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.ClientHelloError, isTaken: false);
            Assert.Equal(0, echo.AcceptedCount);
        },
        [ConnectionEndReason.NoMatchingStream] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address, """ "Match": { "ServerNames": [ "a.example" ] } """);
            await run.Client.SendAsync(await Hello.CaptureAsync("b.example"));
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.NoMatchingStream, isTaken: false);
            Assert.Equal(0, echo.AcceptedCount);
        },
        [ConnectionEndReason.TlsHandshakeFailed] = async () =>
        {
            using var certificates = new TestCertificates();
            using var issued = certificates.IssueServer(["localhost"]);
            var (certificate, key) = certificates.WritePair("s", issued);
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(
                echo.Address, $$""" "Tls": { "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } } """, listen: "tls://127.0.0.1:0");
            await run.Client.SendAsync("GET / HTTP/1.1\r\n\r\n");
            await run.EndsAsync(null, ConnectionEndReason.TlsHandshakeFailed);
            Assert.Equal(0, echo.AcceptedCount);
        },
        [ConnectionEndReason.Drained] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address);
            await run.ExchangeAsync();
            var reloaded = await run.Host.ReloadAsync(Configuration(echo.Address).Replace("\"s\"", "\"other\"", StringComparison.Ordinal));
            Assert.Empty(reloaded.Errors);
            await run.ExchangeAsync();
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.Drained, passTime: true);
        },
        [ConnectionEndReason.Shutdown] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address);
            await run.ExchangeAsync();
            await run.Host.Connections.AbortAllAsync(ConnectionEndReason.Shutdown, Deadline.Default);
            Assert.Equal(0, run.Host.Connections.Count);
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.Shutdown);
        },
        [ConnectionEndReason.Killed] = async () =>
        {
            await using var echo = new EchoServer();
            await using var run = await Run.StartAsync(echo.Address);
            await run.ExchangeAsync();
            run.Host.Connections.Connections.Single().Abort(ConnectionEndReason.Killed);
            await run.EndsAsync(ReadEnd.Reset, ConnectionEndReason.Killed);
        },
    };

    public static TheoryData<string> Reasons => [.. Scenarios.Keys.Select(reason => reason.ToString())];

    [Theory]
    [MemberData(nameof(Reasons))]
    public Task Connection_EndsInOneWay_ThatIsRecordedOnce(string reason) => Scenarios[Enum.Parse<ConnectionEndReason>(reason)]();

    // Those of forward proxies only are brought about by ForwardPipelineTests and ForwardReloadTests.
    [Fact]
    public void Reasons_All_HaveAScenario() => Assert.Equal(
        [
            ConnectionEndReason.None, ConnectionEndReason.ProtocolError, ConnectionEndReason.AuthenticationFailed, ConnectionEndReason.DestinationDenied,
            ConnectionEndReason.AccessRevoked, ConnectionEndReason.Error,
        ],
        Enum.GetValues<ConnectionEndReason>().Except(Scenarios.Keys));

    private static string Configuration(string? destination, string settings = "", string listen = "tcp://127.0.0.1:0") => $$"""
        {
          "ReverseProxy": { "Clusters": { "c": { "Destinations": { {{(destination is null ? "" : $$""" "d": { "Address": "{{destination}}" } """)}} } } } },
          "WmProxy": { "DrainTimeout": "5s", "Streams": { "s": { "Listen": "{{listen}}", "ClusterId": "c"{{(settings.Length > 0 ? "," : "")}} {{settings}} } } }
        }
        """;

    /// <summary>An application with one stream, and one client of it.</summary>
    private sealed class Run : IAsyncDisposable
    {
        private readonly FakeTimeProvider _time;
        private readonly RawConnection? _client;

        private Run(ProxyHost host, ConnectionRecords records, RawConnection? client, FakeTimeProvider time) => (Host, Records, _client, _time) = (host, records, client, time);

        public ProxyHost Host { get; }

        public ConnectionRecords Records { get; }

        public RawConnection Client => _client ?? throw new InvalidOperationException("The connection was refused at once.");

        public static async Task<Run> StartAsync(string? destination, string settings = "", string listen = "tcp://127.0.0.1:0")
        {
            var time = new FakeTimeProvider();
            var host = await ProxyHost.StartAsync(
                Configuration(destination, settings, listen),
                timeProvider: time);
            var records = new ConnectionRecords(host);
            try
            {
                return new Run(host, records, await host.ConnectAsync("s"), time);
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Refused before connect(2) had told of the connection.
                return new Run(host, records, null, time);
            }
        }

        public async Task ExchangeAsync()
        {
            await Client.SendAsync("hello");
            Assert.Equal("hello"u8.ToArray(), await Client.ReadExactlyAsync(5));
        }

        public async Task EndsAsync(ReadEnd? seen, ConnectionEndReason reason, bool isTaken = true, bool passTime = false)
        {
            if (_client is null)
            {
                Assert.Equal(ReadEnd.Reset, seen);
            }
            else if (seen is { } end)
            {
                var reading = Client.ReadToEndAsync();
                if (passTime)
                {
                    await _time.AdvanceUntilAsync(reading);
                }

                Assert.Equal(end, (await reading).End);
            }

            var record = await RecordedAsync(reason, active: 0);
            Assert.Equal(isTaken ? "s" : "", record.Stream);
        }

        public async Task<ConnectionRecord> RecordedAsync(ConnectionEndReason reason, int active)
        {
            var record = await Records.NextAsync();
            Assert.Equal(reason.ToString(), record.Reason);
            await Deadline.PollAsync(() => Task.FromResult(Host.Connections.Count == active));
            Assert.Equal(active, Records.Active);
            Assert.Equal(1, Records.Count);
            return record;
        }

        public async ValueTask DisposeAsync()
        {
            _client?.Dispose();
            await Host.DisposeAsync();
            Records.Dispose();
        }
    }
}
