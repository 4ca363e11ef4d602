using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Tests.Clusters;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connectors;

public sealed class TcpConnectorTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task ConnectAsync_IPAddress_ConnectsAndSendsPreface(string ip)
    {
        using var listener = Loopback.Listen(ip);
        var result = await Create().ConnectAsync(Request(listener, "preface"), default).AsTask().WaitAsync(Hang);
        Assert.True(result.IsConnected);
        await using var stream = result.Stream;
        Assert.True(stream.RawSocket!.NoDelay);
        using var accepted = await listener.AcceptAsync().WaitAsync(Hang);
        Assert.Equal("preface", await Loopback.ReadAsync(accepted, 7));
    }

    [Fact]
    public async Task ConnectAsync_Refused_SaysSoAndWhere()
    {
        var port = Loopback.GetRefusingPort(out var reserved);
        using (reserved)
        {
            var result = await Create().ConnectAsync(Request($"tcp://127.0.0.1:{port}"), default).AsTask().WaitAsync(Hang);
            Assert.False(result.IsConnected);
            Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
            Assert.Equal($"127.0.0.1:{port}: Connection refused", result.Error);
            Assert.False(result.IsLocalFailure);
        }
    }

    [Fact]
    public async Task ConnectAsync_Cancelled_Throws()
    {
        using var blackhole = new Blackhole();
        using var cts = new CancellationTokenSource();
        var connecting = Create().ConnectAsync(Request(blackhole.Address), cts.Token).AsTask();
        Assert.False(connecting.IsCompleted);
        await cts.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Hang));
    }

    [Fact]
    public async Task ConnectAsync_NameWithOneAddress_Connects()
    {
        using var listener = Loopback.Listen();
        var connector = Create(null, IPAddress.Loopback);
        var result = await connector.ConnectAsync(Request($"tcp://name.example:{Loopback.PortOf(listener)}"), default).AsTask().WaitAsync(Hang);
        Assert.True(result.IsConnected);
        await result.Stream.DisposeAsync();
    }

    [Fact]
    public async Task ConnectAsync_UnknownName_SaysSo()
    {
        var result = await Create().ConnectAsync(Request("tcp://name.example:1"), default).AsTask().WaitAsync(Hang);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Equal("name.example: the name has no address", result.Error);
    }

    [Fact]
    public async Task ConnectAsync_FirstAddressRefuses_TakesSecondAndPrefersItThen()
    {
        using var listener = Loopback.Listen();
        var port = Loopback.PortOf(listener);
        var resolver = new AddressResolver(TimeProvider.System, _ => Task.FromResult(new[] { IPAddress.IPv6Loopback, IPAddress.Loopback }));
        var connector = new TcpConnector(resolver, TimeProvider.System);
        var result = await connector.ConnectAsync(Request($"tcp://name.example:{port}", "hello"), default).AsTask().WaitAsync(Hang);
        Assert.True(result.IsConnected);
        await using var stream = result.Stream;
        using var accepted = await listener.AcceptAsync().WaitAsync(Hang);
        Assert.Equal("hello", await Loopback.ReadAsync(accepted, 5));
        Assert.Equal(IPAddress.Loopback, (await resolver.ResolveAsync("name.example", default)).Addresses[0]);
    }

    [Fact]
    public async Task ConnectAsync_AllAddressesRefuse_NamesThemAll()
    {
        var port = Loopback.GetRefusingPort(out var reserved);
        using (reserved)
        {
            var connector = Create(null, IPAddress.Parse("127.0.0.2"), IPAddress.Loopback);
            var result = await connector.ConnectAsync(Request($"tcp://name.example:{port}"), default).AsTask().WaitAsync(Hang);
            Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
            Assert.Contains($"127.0.0.2:{port}: Connection refused", result.Error);
            Assert.Contains($"127.0.0.1:{port}: Connection refused", result.Error);
        }
    }

    [Fact]
    public async Task ConnectAsync_FirstAddressIsSilent_TriesSecondAfterAQuarterSecond()
    {
        // The same port on two loopback addresses: one does not answer, the other does.
        using var blackhole = new Blackhole("127.0.0.2");
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, blackhole.Port));
        listener.Listen();
        var time = new SignalingTimeProvider();
        var connector = Create(time, IPAddress.Parse("127.0.0.2"), IPAddress.Loopback);
        var connecting = connector.ConnectAsync(Request($"tcp://name.example:{blackhole.Port}", "hi"), default).AsTask();
        Assert.True(await time.TimerCreated.WaitAsync(Hang));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(250));
        var result = await connecting.WaitAsync(Hang);
        Assert.True(result.IsConnected);
        await using var stream = result.Stream;
        using var accepted = await listener.AcceptAsync().WaitAsync(Hang);
        Assert.Equal("hi", await Loopback.ReadAsync(accepted, 2));
    }

    [Fact]
    public async Task ConnectAsync_UnixSocket_ConnectsAndSendsPreface()
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"wm-{Guid.NewGuid():N}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        try
        {
            var result = await new UnixConnector().ConnectAsync(Request($"unix:{path}", "abc"), default).AsTask().WaitAsync(Hang);
            Assert.True(result.IsConnected);
            await using var stream = result.Stream;
            using var accepted = await listener.AcceptAsync().WaitAsync(Hang);
            Assert.Equal("abc", await Loopback.ReadAsync(accepted, 3));
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    [Fact]
    public async Task ConnectAsync_MissingUnixSocket_SaysSo()
    {
        var result = await new UnixConnector().ConnectAsync(Request("unix:/nonexistent/wm.sock"), default).AsTask().WaitAsync(Hang);
        Assert.Equal(ConnectionEndReason.ConnectFailed, result.Failure);
        Assert.Contains("/nonexistent/wm.sock", result.Error);
    }

    private static TcpConnector Create(TimeProvider? time = null, params IPAddress[] addresses)
    {
        time ??= TimeProvider.System;
        return new TcpConnector(new AddressResolver(time, _ => Task.FromResult(addresses)), time);
    }

    private static ConnectRequest Request(Socket listener, string preface = "") =>
        Request($"tcp://{listener.LocalEndPoint}", preface);

    private static ConnectRequest Request(string address, string preface = "")
    {
        Assert.True(DestinationAddress.TryParse(address, null, out var parsed, out var error), error);
        return new ConnectRequest { Address = parsed, Preface = Encoding.ASCII.GetBytes(preface) };
    }
}
