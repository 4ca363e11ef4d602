using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.ForwardProxy;
using WmProxy.Socks;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Socks;

public sealed class Socks5HandlerTests
{
    private static readonly byte[] Greeting = [5, 1, 0];

    [Fact]
    public async Task Connect_ByAddress_RelaysAndTellsTheAddressItUses()
    {
        EndPoint? seen = null;
        await using var echo = new TestServerSocket(async (connection, token) =>
        {
            seen = connection.RemoteEndPoint;
            await connection.SendAsync(await connection.ReadExactlyAsync(5));
            await connection.DrainAsync(token);
        });
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();
        using var _ = client;

        await client.SendAsync(Greeting);
        Assert.Equal("0500", Hex(await client.ReadExactlyAsync(2)));
        await client.SendAsync(Request(1, IPAddress.Loopback, echo.Port));
        var reply = await client.ReadExactlyAsync(10);
        await client.SendAsync("hello");

        Assert.Equal("hello", Encoding.ASCII.GetString(await client.ReadExactlyAsync(5)));
        Assert.Equal("05000001" + "7F000001", Hex(reply[..8]));
        Assert.Equal(((IPEndPoint)seen!).Port, (reply[8] << 8) | reply[9]);
        Assert.Equal($"127.0.0.1:{echo.Port}", state.Target);
        client.HalfClose();
        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        await ended.Within();
        Assert.Equal((ConnectionEndReason.Completed, 5L, 5L), (state.EndReason, state.BytesUp, state.BytesDown));
    }

    [Fact]
    public async Task Connect_ToIPv6_TellsAnIPv6Address()
    {
        await using var echo = new EchoServer(TestServerSocket.AnyIPv6);
        await using var host = new SocksHost();
        var (client, _, _) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[.. Greeting, .. Request(1, IPAddress.IPv6Loopback, echo.Port)]);

        Assert.Equal("0500" + "05000004" + "00000000000000000000000000000001", Hex((await client.ReadExactlyAsync(24))[..22]));
    }

    [Fact]
    public async Task Connect_ByName_LeavesTheNameToTheDialer()
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost();
        host.Dialer.Names["example.com"] = [IPAddress.Loopback];
        var (client, _, _) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[.. Greeting, 5, 1, 0, 3, 11, .. "example.com"u8, (byte)(echo.Port >> 8), (byte)echo.Port]);
        await client.ReadExactlyAsync(2 + 10);

        var asked = Assert.Single(host.Dialer.Dialled);
        Assert.Equal(("example.com", null, echo.Port), (asked.Target.Host, asked.Target.Address, asked.Target.Port));
        Assert.Equal((ForwardCommand.Connect, null, IPAddress.Loopback), (asked.Command, asked.User, asked.Client));
    }

    [Fact]
    public async Task Connect_ByteByByte_Works()
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost(WithUsers());
        var (client, state, _) = await host.ConnectAsync();
        using var connection = client;

        await client.DribbleAsync((byte[])[5, 1, 2, 1, 5, .. "alice"u8, 6, .. "secret"u8, .. Request(1, IPAddress.Loopback, echo.Port), .. "early"u8]);

        Assert.Equal("0502" + "0100" + "050000017F000001", Hex((await client.ReadExactlyAsync(14))[..12]));
        Assert.Equal("early", Encoding.ASCII.GetString(await client.ReadExactlyAsync(5)));
        Assert.Equal("alice", state.User);
        Assert.Equal("alice", Assert.Single(host.Dialer.Dialled).User);
    }

    [Fact]
    public async Task Connect_EverythingInOneSegmentWithItsEnd_AnswersAllAndPassesTheEndOn()
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost(WithUsers());
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[5, 2, 0, 2, 1, 5, .. "alice"u8, 6, .. "secret"u8, .. Request(1, IPAddress.Loopback, echo.Port), .. "GET / HTTP/1.0"u8]);
        client.HalfClose();

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal("0502" + "0100" + "050000017F000001", Hex(data[..12]));
        Assert.Equal("GET / HTTP/1.0", Encoding.ASCII.GetString(data[14..]));
        Assert.Equal(ReadEnd.Fin, end);
        await ended.Within();
        Assert.Equal(ConnectionEndReason.Completed, state.EndReason);
    }

    [Fact]
    public async Task Connect_DestinationResets_ClientIsReset()
    {
        await using var server = new TestServerSocket(async (connection, _) =>
        {
            await connection.ReadExactlyAsync(1);
            connection.Reset();
        });
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[.. Greeting, .. Request(1, IPAddress.Loopback, server.Port), 1]);

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        await ended.Within();
        Assert.Equal(ConnectionEndReason.UpstreamReset, state.EndReason);
    }

    [Fact]
    public async Task Connect_Revoked_IsReset()
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;
        await client.SendAsync((byte[])[.. Greeting, .. Request(1, IPAddress.Loopback, echo.Port)]);
        await client.ReadExactlyAsync(12);

        Assert.Single(host.Proxy.State.LiveRequests.All).Revoke();

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        await ended.Within();
        Assert.Equal(ConnectionEndReason.AccessRevoked, state.EndReason);
    }

    [Theory]
    [InlineData("050100", "0500", ConnectionEndReason.ClientGone)] // answered, and then nothing more comes
    [InlineData("050102", "05FF", ConnectionEndReason.ProtocolError)]
    [InlineData("05020103", "05FF", ConnectionEndReason.ProtocolError)]
    [InlineData("0500", "05FF", ConnectionEndReason.ProtocolError)]
    [InlineData("0400", "05FF", ConnectionEndReason.ProtocolError)]
    internal async Task Greeting_WithoutUsers_TakesNoAuthenticationOnly(string greeting, string answer, ConnectionEndReason reason)
    {
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync(Convert.FromHexString(greeting));
        client.HalfClose();

        Assert.Equal(answer, Hex((await client.ReadToEndAsync()).Data));
        await ended.Within();
        Assert.Equal(reason, state.EndReason);
    }

    [Theory]
    [InlineData("050100", "05FF", ConnectionEndReason.AuthenticationFailed)]
    [InlineData("05020001", "05FF", ConnectionEndReason.AuthenticationFailed)]
    [InlineData("05020002", "0502", ConnectionEndReason.ClientGone)]
    [InlineData("050102" + "0105616C696365" + "0577726F6E67", "05020101", ConnectionEndReason.AuthenticationFailed)]
    [InlineData("050102" + "0105616C696365" + "00", "05020101", ConnectionEndReason.AuthenticationFailed)]
    [InlineData("050102" + "0105616C696365" + "0773656372657400", "05020101", ConnectionEndReason.AuthenticationFailed)]
    [InlineData("050102" + "0106616C69636500" + "06736563726574", "05020101", ConnectionEndReason.AuthenticationFailed)]
    [InlineData("050102" + "0100" + "00", "05020101", ConnectionEndReason.ProtocolError)]
    [InlineData("050102" + "050100", "05020101", ConnectionEndReason.ProtocolError)]
    internal async Task Greeting_WithUsers_TakesTheRightPasswordOnlyAndBeforeAnythingElse(string bytes, string answer, ConnectionEndReason reason)
    {
        await using var host = new SocksHost(WithUsers());
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync(Convert.FromHexString(bytes));
        if (reason == ConnectionEndReason.ClientGone)
        {
            client.HalfClose();
        }

        // The client has not ended, and still gets an orderly end.
        var (data, end) = await client.ReadToEndAsync();
        client.Dispose();
        Assert.Equal((answer, reason == ConnectionEndReason.ClientGone ? ReadEnd.Reset : ReadEnd.Fin), (Hex(data), end));
        await ended.Within();
        Assert.Equal(reason, state.EndReason);
        Assert.Null(state.User);
        Assert.Empty(host.Dialer.Dialled);
    }

    [Fact]
    public async Task Password_AfterItWasLookedAt_IsCleared()
    {
        await using var host = new SocksHost(WithUsers());
        var (client, _, _) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[5, 1, 2, 1, 5, .. "alice"u8, 6, .. "secret"u8]);
        Assert.Equal("05020100", Hex(await client.ReadExactlyAsync(4)));

        Assert.Equal("alice:secret from 127.0.0.1", host.Authenticator.Seen);
        Assert.False(host.Authenticator.Password.Span.SequenceEqual("secret"u8));
    }

    [Theory]
    [InlineData("leaves", ConnectionEndReason.ClientGone)]
    [InlineData("resets", ConnectionEndReason.ClientGone)]
    [InlineData("is cut", ConnectionEndReason.HandshakeTimeout)]
    [InlineData("is shut down", ConnectionEndReason.Shutdown)]
    internal async Task Password_ClientThatWaitsForItsTurn_TakesTheLoginWithIt(string how, ConnectionEndReason reason)
    {
        await using var host = new SocksHost(WithUsers());
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Authenticator.Wait = cancellationToken =>
        {
            waiting.SetResult();
            return new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        };
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;
        await client.SendAsync((byte[])[5, 1, 2, 1, 5, .. "alice"u8, 6, .. "secret"u8]);
        await waiting.Task.Within();

        switch (how)
        {
            case "leaves":
                client.Dispose();
                break;
            case "resets":
                client.Reset();
                break;
            case "is cut":
                state.Abort(reason);
                break;
            default:
                await host.Table.AbortAllAsync(reason, Deadline.Default);
                break;
        }

        await ended.Within();
        Assert.Equal(reason, state.EndReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Password_MoreSentWhileTheLoginWaits_IsServedAfterIt(bool isAll)
    {
        await using var echo = new EchoServer();
        await using var host = new SocksHost(WithUsers());
        var (waiting, turn) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        host.Authenticator.Wait = _ =>
        {
            waiting.SetResult();
            return turn.Task;
        };
        var (client, state, _) = await host.ConnectAsync();
        using var connection = client;
        await client.SendAsync((byte[])[5, 1, 2, 1, 5, .. "alice"u8, 6, .. "secret"u8]);
        await waiting.Task.Within();

        await client.SendAsync((byte[])[.. Request(1, IPAddress.Loopback, echo.Port), .. "hi"u8]);
        if (isAll)
        {
            client.HalfClose();
        }

        await Deadline.PollAsync(() => Task.FromResult(state.Accepted!.Buffered.Length == 12));
        turn.SetResult();

        Assert.Equal("0502" + "0100" + "050000017F000001", Hex((await client.ReadExactlyAsync(14))[..12]));
        Assert.Equal("hi", Encoding.ASCII.GetString(await client.ReadExactlyAsync(2)));
        Assert.Equal("alice:secret from 127.0.0.1", host.Authenticator.Seen);
    }

    [Theory]
    [InlineData(ForwardRefusal.RuleDenied, 2)]
    [InlineData(ForwardRefusal.GuardDenied, 2)]
    [InlineData(ForwardRefusal.Loop, 2)]
    [InlineData(ForwardRefusal.NetworkUnreachable, 3)]
    [InlineData(ForwardRefusal.NameNotResolved, 4)]
    [InlineData(ForwardRefusal.HostUnreachable, 4)]
    [InlineData(ForwardRefusal.ConnectionRefused, 5)]
    [InlineData(ForwardRefusal.Timeout, 6)]
    [InlineData(ForwardRefusal.ParentFailed, 1)]
    [InlineData(ForwardRefusal.Failed, 1)]
    internal async Task Connect_Refused_TellsWhyBeforeItCloses(ForwardRefusal refusal, int reply)
    {
        await using var host = new SocksHost();
        host.Dialer.Refuse = _ => refusal;
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        // With data behind it that nobody will read: closing on it would reset the connection, and destroy the reply.
        await client.SendAsync((byte[])[.. Greeting, .. Request(1, IPAddress.Loopback, 9), .. new byte[10_000]]);

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal(("0500" + $"05{reply:X2}0001" + "000000000000", ReadEnd.Fin), (Hex(data), end));
        client.Dispose();
        await ended.Within();
        Assert.Equal(refusal == ForwardRefusal.RuleDenied ? ConnectionEndReason.DestinationDenied : ConnectionEndReason.ConnectFailed, state.EndReason);
    }

    [Theory]
    [InlineData("050100027F0000010009", 8)]
    [InlineData("050100007F0000010009", 8)]
    [InlineData("050100017F0000010000", 1)]
    [InlineData("050101017F0000010009", 1)]
    [InlineData("040100017F0000010009", 1)]
    [InlineData("05010003" + "03610062" + "0009", 1)]
    [InlineData("050000017F0000010009", 7)]
    [InlineData("050400017F0000010009", 7)]
    [InlineData("05FF00017F0000010009", 7)]
    [InlineData("050200017F0000010009", 7)] // BIND is off unless it is configured
    public async Task Request_OfNoUse_IsAnsweredWithTheReplyForIt(string request, int reply)
    {
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[.. Greeting, .. Convert.FromHexString(request)]);

        Assert.Equal("0500" + $"05{reply:X2}0001" + "000000000000", Hex((await client.ReadToEndAsync()).Data));
        client.Dispose();
        await ended.Within();
        Assert.Equal(request.StartsWith("0502", StringComparison.Ordinal) ? ConnectionEndReason.DestinationDenied : ConnectionEndReason.ProtocolError, state.EndReason);
        Assert.Empty(host.Dialer.Dialled);
    }

    [Fact]
    public async Task Client_ThatLeavesBeforeItsRequest_IsRecordedAsGone()
    {
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();

        await client.SendAsync((byte[])[.. Greeting, 5, 1]);
        await client.ReadExactlyAsync(2);
        client.Reset();

        await ended.Within();
        Assert.Equal(ConnectionEndReason.ClientGone, state.EndReason);
    }

    [Fact]
    public async Task Client_ThatIsSlow_IsCutAtTheDeadline()
    {
        await using var host = new SocksHost();
        var (client, state, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[.. Greeting, 5, 1]);
        await client.ReadExactlyAsync(2);
        host.Time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        await ended.Within();
        Assert.Equal(ConnectionEndReason.HandshakeTimeout, state.EndReason);
    }

    [Fact]
    public async Task Client_ThatStaysAfterARefusal_IsNotWaitedForForever()
    {
        await using var host = new SocksHost();
        host.Dialer.Refuse = _ => ForwardRefusal.RuleDenied;
        var (client, _, ended) = await host.ConnectAsync();
        using var connection = client;

        await client.SendAsync((byte[])[.. Greeting, .. Request(1, IPAddress.Loopback, 9)]);
        Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        host.Time.Advance(TimeSpan.FromSeconds(5));

        await ended.Within();
    }

    [Fact]
    public async Task Handlers_OnRandomBytes_EndWithoutATrace()
    {
        await using var host = new SocksHost(WithUsers());
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var version = i % 2 == 0 ? SocksVersion.V5 : SocksVersion.V4;
            var (client, state, ended) = await host.ConnectAsync(version);
            using var connection = client;
            var bytes = new byte[random.Next(1, 600)];
            random.NextBytes(bytes);
            bytes[0] = (byte)(version == SocksVersion.V5 ? 5 : 4);
            await client.TrySendAsync(bytes);
            if (random.Next(2) == 0)
            {
                client.Reset();
            }
            else
            {
                client.HalfClose();
                await client.ReadToEndAsync();
                client.Dispose();
            }

            await ended.Within();
            Assert.NotEqual(ConnectionEndReason.Error, state.EndReason);
        }

        Assert.Empty(host.Dialer.Dialled);
    }

    internal static ForwardProxyConfig WithUsers() => new()
    {
        ProxyId = "test",
        Users = new EquatableDictionary<ForwardUserConfig>(new System.Collections.Generic.Dictionary<string, ForwardUserConfig>
        {
            ["alice"] = new() { Name = "alice", Password = "secret" },
        }),
    };

    internal static byte[] Request(byte command, IPAddress address, int port) =>
        [5, command, 0, (byte)(address.AddressFamily == AddressFamily.InterNetwork ? 1 : 4), .. address.GetAddressBytes(), (byte)(port >> 8), (byte)port];

    internal static string Hex(byte[] bytes) => Convert.ToHexString(bytes);
}
