using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Diagnostics;
using WmProxy.Listeners;
using WmProxy.Native;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;
using WmProxy.Tests.Relay.Linux;
using WmProxy.Tests.Server;

namespace WmProxy.Tests.Listeners;

[Collection(typeof(OwnDescriptorsCollection))]
[SupportedOSPlatform("linux")]
public sealed class LinuxAcceptorTests : IDisposable
{
    private const int AcceptsConnections = 30; // SO_ACCEPTCONN

    private readonly FakeTimeProvider _time = new();
    private readonly CapturingLogger<ListenerHost> _logger = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ConcurrentQueue<LinuxSocketStream> _accepted = new();
    private readonly TempDirectory _folder = new();
    private readonly TestLoop _loop = new();
    private readonly TestLoop _other = new();
    private readonly ConnectionTable _connections;
    private readonly ListenerContext _context;
    private BoundListener? _listener;

    public LinuxAcceptorTests()
    {
        _connections = new ConnectionTable(_time, NullLogger<ConnectionTable>.Instance);
        var recorder = new ConnectionRecorder(_services.GetRequiredService<IMeterFactory>(), NullLoggerFactory.Instance, _time);
        _context = new ListenerContext(_connections, recorder, _time, _logger);
    }

    public static TheoryData<string> Addresses => ["127.0.0.1", "::1", "*", "localhost", "unix"];

    public void Dispose()
    {
        _listener?.Close();
        _loop.Dispose();
        _other.Dispose();
        _connections.Dispose();
        _services.Dispose();
        _folder.Dispose();
        Assert.Empty(_loop.Failures);
        Assert.Empty(_other.Failures);
    }

    /// <summary>All at once, on two threads: each is accepted once, and belongs to the thread that accepted it.</summary>
    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task Accept_Burst_ServesEveryConnectionOnTheLoopsTogether(string host)
    {
        const int Clients = 200;
        var endPoint = Listen(host, _loop, _other);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => RawClient.ConnectAsync(endPoint)));

        await Task.WhenAll(clients.Select(async client =>
        {
            await client.SendAsync("x");
            await client.ReadExactlyAsync(1);
        })).Within();

        Assert.Equal(Clients, _accepted.Count);
        Assert.All(_accepted, stream => Assert.True(stream.Loop == _loop.Loop || stream.Loop == _other.Loop));
        if (host != "unix")
        {
            // The system spreads them; that one thread gets none is less likely than anything else that could go wrong here.
            Assert.Equal(2, _accepted.Select(stream => stream.Loop).Distinct().Count());
        }

        foreach (var client in clients)
        {
            client.Dispose();
        }

        await Deadline.PollAsync(() => Task.FromResult(_connections.Count == 0));
    }

    [Fact]
    public async Task Accept_LongQueue_LetsOthersHaveTheirTurn()
    {
        const int Clients = 100;
        var listener = Open("127.0.0.1", _loop);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => RawClient.ConnectAsync(listener.Port)));
        var counts = new List<int>();
        var watcher = new TestHandler(_ => { }, handler =>
        {
            counts.Add(_accepted.Count);
            if (counts[^1] < Clients)
            {
                _loop.Loop.Schedule(handler);
            }
        });

        await _loop.RunAsync(() => _loop.Loop.Schedule(watcher));
        listener.Start();
        await Deadline.PollAsync(() => _loop.RunAsync(() => counts[^1] == Clients));

        Assert.All(counts.Zip(counts.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 0, 16));
        Assert.All(clients, client => client.Dispose());
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("*", "127.0.0.1")]
    [InlineData("*", "::1")]
    public async Task Accept_AnyFamily_KnowsBothAddresses(string host, string dialled)
    {
        var port = ((IPEndPoint)Listen(host, _loop)).Port;

        using var client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Parse(dialled), port));
        await Deadline.PollAsync(() => Task.FromResult(!_accepted.IsEmpty));

        var row = Assert.Single(_connections.Connections);
        Assert.Equal(client.LocalEndPoint, row.ClientEndPoint);
        Assert.Equal(client.RemoteEndPoint, row.GetLocalEndPoint());
    }

    /// <summary>Whoever gave up before being accepted is nobody's trouble.</summary>
    [Fact]
    public async Task Accept_ClientsThatLeftAlready_AreOverAtOnceAndTheNextIsServed()
    {
        var listener = Open("127.0.0.1", _loop);
        for (var i = 0; i < 20; i++)
        {
            using var left = await RawClient.ConnectAsync(listener.Port);
            left.Reset();
        }

        listener.Start();
        using var client = await RawClient.ConnectAsync(listener.Port);
        await client.SendAsync("x");

        Assert.Equal("x"u8.ToArray(), await client.ReadExactlyAsync(1));
        await Deadline.PollAsync(() => Task.FromResult(_connections.Count == 1));
        Assert.Empty(_logger.Entries);
    }

    [Fact]
    public async Task Accept_NoDescriptorLeft_WaitsWithoutSpinningAndServesThemLater()
    {
        var listener = Open("127.0.0.1", _loop);
        await _loop.RunAsync(() => TestCalls.HaveOwnDescriptors(DescriptorOf(listener)));
        listener.Start();
        var taken = await _loop.RunAsync(() => TestCalls.UseUpDescriptors());
        using var client = await RawClient.ConnectAsync(listener.Port);
        await client.SendAsync("x");
        await Deadline.PollAsync(() => Task.FromResult(_logger.Entries.Count == 1));
        var (level, message) = Assert.Single(_logger.Entries);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("open files", message);

        // It tries again after each pause, and not before; it does not say so each time.
        var rounds = _loop.Loop.Round;
        for (var i = 0; i < 20; i++)
        {
            await _loop.RunAsync(() => { });
        }

        Assert.InRange(_loop.Loop.Round - rounds, 0u, 40u);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(AcceptPause.Length);
            await _loop.RunAsync(() => { });
        }

        Assert.Empty(_accepted);
        Assert.Single(_logger.Entries);

        await CloseAsync(taken);
        await Deadline.PollAsync(() =>
        {
            _time.Advance(AcceptPause.Length);
            return Task.FromResult(!_accepted.IsEmpty);
        });
        Assert.Equal("x"u8.ToArray(), await client.ReadExactlyAsync(1));
    }

    [Fact]
    public async Task Accept_FewDescriptorsLeft_KeepsThemForTheProcess()
    {
        Assert.True(DescriptorLimit.TryGet(out var limit, out _));
        Assert.SkipWhen(limit > 1_000_000, "The limit of descriptors is too high to be reached.");
        var reserve = (int)DescriptorReserve.SizeFor((long)limit);
        var listener = Open("127.0.0.1", _loop);
        await _loop.RunAsync(() => TestCalls.HaveOwnDescriptors(DescriptorOf(listener)));
        listener.Start();
        var taken = await _loop.RunAsync(() => TestCalls.UseUpDescriptors(left: reserve));
        using var first = await RawClient.ConnectAsync(listener.Port);
        await first.SendAsync("x");
        Assert.Equal("x"u8.ToArray(), await first.ReadExactlyAsync(1));
        await Deadline.PollAsync(() => Task.FromResult(_logger.Entries.Count == 1));

        using var second = await RawClient.ConnectAsync(listener.Port);
        await second.SendAsync("y");
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(AcceptPause.Length);
            await _loop.RunAsync(() => { });
        }

        Assert.Single(_accepted);
        await CloseAsync(taken);
        await Deadline.PollAsync(() =>
        {
            _time.Advance(AcceptPause.Length);
            return Task.FromResult(_accepted.Count == 2);
        });
        Assert.Equal("y"u8.ToArray(), await second.ReadExactlyAsync(1));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("unix")]
    public async Task Close_Open_RefusesAtOnceAndKeepsWhatWasAccepted(string host)
    {
        var endPoint = Listen(host, _loop, _other);
        using var client = await RawClient.ConnectAsync(endPoint);
        await client.SendAsync("x");
        await client.ReadExactlyAsync(1);

        _listener!.Close();

        if (host == "unix")
        {
            Assert.False(File.Exists(endPoint.ToString()));
        }
        else
        {
            Assert.True(await RawClient.IsRefusedAsync(endPoint));
        }

        await client.SendAsync("y");
        Assert.Equal("y"u8.ToArray(), await client.ReadExactlyAsync(1));

        _listener.Reopen();
        using var next = await RawClient.ConnectAsync(endPoint);
        await next.SendAsync("z");
        Assert.Equal("z"u8.ToArray(), await next.ReadExactlyAsync(1));
    }

    [Fact]
    public async Task Close_WhilePaused_StaysClosed()
    {
        var listener = Open("127.0.0.1", _loop);
        await _loop.RunAsync(() => TestCalls.HaveOwnDescriptors(DescriptorOf(listener)));
        listener.Start();
        var taken = await _loop.RunAsync(() => TestCalls.UseUpDescriptors());
        using var client = await RawClient.ConnectAsync(listener.Port);
        await Deadline.PollAsync(() => Task.FromResult(_logger.Entries.Count == 1));

        listener.Close();
        await CloseAsync(taken);
        _time.Advance(AcceptPause.Length);
        await _loop.RunAsync(() => { });

        Assert.Empty(_accepted);
    }

    private static int DescriptorOf(BoundListener listener) =>
        Directory.GetFileSystemEntries("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture))
            .Single(descriptor => IsListeningOn(descriptor, listener.Port));

    private static bool IsListeningOn(int descriptor, int port)
    {
        Span<byte> address = stackalloc byte[SocketAddressBytes.MaxLength];
        Span<byte> listens = stackalloc byte[sizeof(int)];
        return LinuxSocket.GetLocalAddress(descriptor, address) is > 0 and var length
            && SocketAddressBytes.ToEndPoint(address[..length])?.Port == port
            && LinuxSocket.GetOption(descriptor, LinuxSocket.SocketLevel, AcceptsConnections, listens) == sizeof(int)
            && listens[0] == 1;
    }

    private Task CloseAsync(List<int> descriptors) => _loop.RunAsync(() => descriptors.ForEach(descriptor => Assert.Equal(0, LinuxSocket.Close(descriptor))));

    private EndPoint Listen(string host, params TestLoop[] loops)
    {
        var listener = Open(host, loops);
        listener.Start();
        return host switch
        {
            "unix" => new UnixDomainSocketEndPoint(_folder.Combine("l.sock")),
            "::1" => new IPEndPoint(IPAddress.IPv6Loopback, listener.Port),
            _ => new IPEndPoint(IPAddress.Loopback, listener.Port),
        };
    }

    private BoundListener Open(string host, params TestLoop[] loops) => _listener = BoundListener.Open(
        _context,
        new StreamListenerModel
        {
            Key = "k",
            ConfigPath = "p",
            Address = host == "unix"
                ? new ListenAddress { Scheme = ListenScheme.Unix, Host = _folder.Combine("l.sock") }
                : new ListenAddress { Scheme = ListenScheme.Tcp, Host = host },
            StreamIds = ["s"],
            Pipeline = connection => EchoAsync((LinuxSocketStream)((TransportConnectionContext)connection).Stream),
        },
        [.. loops.Select(loop => loop.Loop)]);

    private async Task EchoAsync(LinuxSocketStream stream)
    {
        Assert.True(stream.Loop.IsCurrent);
        _accepted.Enqueue(stream);
        var buffer = new byte[16];
        while (await stream.ReadAsync(buffer) is > 0 and var count)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
        }
    }
}
