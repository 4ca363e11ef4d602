using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.Connectors;

public sealed class Socks5ConnectorTests
{
    private static readonly byte[] NoMethod = [5, 0];
    private static readonly byte[] PasswordMethod = [5, 2];
    private static readonly byte[] Accepted = [1, 0];
    private static readonly byte[] Success = [5, 0, 0, 1, 192, 0, 2, 7, 4, 0];

    private static readonly ForwardTarget Name = new("a.example", null, 443);

    [Fact]
    public void Schemes_AreTheTwoOfSocks() => Assert.Equal(["socks5", "socks5+tls"], Create(new ChunkedTransportStream([])).Schemes);

    [Fact]
    public async Task ConnectAsync_NoCredentials_OffersNoneAndSendsTheNameUnresolved()
    {
        var stream = new ChunkedTransportStream([NoMethod, Success]);
        var result = await ConnectAsync(stream, Name);
        Assert.True(result.IsConnected, result.Error);
        Assert.Same(stream, result.Stream);
        Assert.False(stream.IsDisposed);

        // RFC 1928 sections 3 and 4: one method, 00; CMD 1, ATYP 3, the length of the name, the port in network order.
        Assert.Equal([5, 1, 0, 5, 1, 0, 3, 9, .. "a.example"u8, 1, 187], stream.Written);
    }

    [Fact]
    public async Task ConnectAsync_Credentials_OffersBothMethodsAndShowsThem()
    {
        var stream = new ChunkedTransportStream([PasswordMethod, Accepted, Success]);
        var result = await ConnectAsync(stream, Name, "user:p%40ss@");
        Assert.True(result.IsConnected, result.Error);

        // RFC 1929 section 2.
        Assert.Equal([5, 2, 0, 2, 1, 4, .. "user"u8, 4, .. "p@ss"u8, 5, 1, 0, 3, 9, .. "a.example"u8, 1, 187], stream.Written);
    }

    [Fact]
    public async Task ConnectAsync_CredentialsThatNobodyAsksFor_AreNotSent()
    {
        var stream = new ChunkedTransportStream([NoMethod, Success]);
        Assert.True((await ConnectAsync(stream, Name, "user:pass@")).IsConnected);
        Assert.Equal([5, 2, 0, 2, 5, 1, 0, 3], stream.Written.Take(8));
    }

    [Theory]
    [InlineData("192.0.2.1", new byte[] { 1, 192, 0, 2, 1 })]
    [InlineData("2001:db8::1", new byte[] { 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 })]
    public async Task ConnectAsync_Address_IsSentAsAnAddress(string address, byte[] expected)
    {
        var stream = new ChunkedTransportStream([NoMethod, Success]);
        Assert.True((await ConnectAsync(stream, new ForwardTarget(address, IPAddress.Parse(address), 1))).IsConnected);
        Assert.Equal([5, 1, 0, .. expected, 0, 1], stream.Written.Skip(3));
    }

    public static TheoryData<byte[]> Successes => new(
        Success,
        [5, 0, 0, 4, .. new byte[16], 0, 1],
        [5, 0, 0, 3, 3, .. "a.b"u8, 0, 1],
        [5, 0, 0, 3, 0, 0, 1]);

    [Theory]
    [MemberData(nameof(Successes))]
    public async Task ConnectAsync_AnswersSplitAnywhere_LeaveTheTargetsBytesBuffered(byte[] success)
    {
        byte[] all = [.. PasswordMethod, .. Accepted, .. success, .. "early"u8];
        for (var split = 0; split <= all.Length; split++)
        {
            await ExpectEarlyAsync(ChunkedTransportStream.Split(all, split));
        }

        await ExpectEarlyAsync(ChunkedTransportStream.Dribble(all));

        static async Task ExpectEarlyAsync(ChunkedTransportStream stream)
        {
            var result = await ConnectAsync(stream, Name, "user:pass@");
            Assert.True(result.IsConnected, result.Error);
            var early = new byte[5];
            await stream.ReadExactlyAsync(early);
            Assert.Equal("early"u8.ToArray(), early);
        }
    }

    [Theory]
    [InlineData(1, "general failure", nameof(ConnectFault.Unknown), SocketError.Success)]
    [InlineData(2, "rules", nameof(ConnectFault.Target), SocketError.AccessDenied)]
    [InlineData(3, "network unreachable", nameof(ConnectFault.Target), SocketError.NetworkUnreachable)]
    [InlineData(4, "host unreachable", nameof(ConnectFault.Target), SocketError.HostUnreachable)]
    [InlineData(5, "connection refused", nameof(ConnectFault.Target), SocketError.ConnectionRefused)]
    [InlineData(6, "TTL", nameof(ConnectFault.Target), SocketError.TimedOut)]
    [InlineData(7, "CONNECT", nameof(ConnectFault.Destination), SocketError.Success)]
    [InlineData(8, "type of address", nameof(ConnectFault.Unknown), SocketError.AddressFamilyNotSupported)]
    [InlineData(9, "general failure (reply 09)", nameof(ConnectFault.Unknown), SocketError.Success)]
    public async Task ConnectAsync_Refused_SaysWhoseFailureItIs(byte reply, string expected, string fault, SocketError code)
    {
        var stream = new ChunkedTransportStream([NoMethod, [5, reply, 0, 1, 0, 0, 0, 0, 0, 0]]);
        var result = await FailAsync(stream);
        Assert.Contains(expected, result.Error);
        Assert.Contains("a.example:443", result.Error);
        Assert.Equal(fault, result.Fault.ToString());
        Assert.Equal(code, result.Code);
        Assert.Equal(reply == 6 ? ConnectionEndReason.ConnectTimeout : ConnectionEndReason.ConnectFailed, result.Failure);
    }

    public static TheoryData<string, byte[], string, string> Breaches => new()
    {
        { "", [4, 0], "does not speak SOCKS 5", "another version" },
        { "", [.. "HTTP/1.1 400"u8], "does not speak SOCKS 5", "HTTP" },
        { "", [5, 255], "has no user name", "no acceptable method" },
        { "user:pass@", [5, 255], "takes no user name", "no acceptable method though credentials" },
        { "", [5, 2], "02, which was not offered", "password not offered" },
        { "user:pass@", [5, 1], "01, which was not offered", "GSSAPI" },
        { "user:pass@", [5, 2, 1, 1], "refuses the user name and password", "status 1" },
        { "user:pass@", [5, 2, 1, 255], "refuses the user name and password", "status 255" },
        { "", [5, 0, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0], "does not speak SOCKS 5", "reply of another version" },
        { "", [5, 0, 5, 0, 0, 2, 0, 0, 0, 0, 0, 0], "does not speak SOCKS 5", "unknown address type" },
    };

    [Theory]
    [MemberData(nameof(Breaches))]
    public async Task ConnectAsync_ParentThatRefusesOrBreaksTheProtocol_IsToBlame(string userInfo, byte[] answers, string expected, string about)
    {
        var result = await FailAsync(new ChunkedTransportStream([answers]), userInfo);
        Assert.Contains(expected, result.Error);
        Assert.DoesNotContain("pass@", result.Error);
        Assert.True(result.Fault == ConnectFault.Destination, about);
    }

    [Fact]
    public async Task ConnectAsync_ParentThatEndsAnywhere_IsToBlame()
    {
        byte[] all = [.. PasswordMethod, .. Accepted, .. Success];
        for (var length = 0; length < all.Length; length++)
        {
            var result = await FailAsync(new ChunkedTransportStream([all[..length]]), "user:pass@");
            Assert.Contains("closed the connection", result.Error);
            Assert.Equal(ConnectFault.Destination, result.Fault);

            var reset = await FailAsync(ChunkedTransportStream.Failing(new SocketException((int)SocketError.ConnectionReset), all[..length]), "user:pass@");
            Assert.Equal(ConnectFault.Destination, reset.Fault);
        }
    }

    [Theory]
    [InlineData(new byte[0], nameof(ConnectFault.Destination))]
    [InlineData(new byte[] { 5 }, nameof(ConnectFault.Destination))]
    [InlineData(new byte[] { 5, 0 }, nameof(ConnectFault.Target))]
    [InlineData(new byte[] { 5, 0, 5, 0, 0 }, nameof(ConnectFault.Target))]
    public async Task ConnectAsync_CutShort_NotesHowFarItCameAndCloses(byte[] answers, string expected)
    {
        var stream = ChunkedTransportStream.Silent(answers);
        var progress = new ConnectProgress();
        using var cts = new CancellationTokenSource();
        var connecting = Create(stream).ConnectAsync(Request("", Name) with { Progress = progress }, cts.Token).AsTask();
        Assert.False(connecting.IsCompleted);
        await cts.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(expected, progress.Fault.ToString());
        Assert.True(stream.IsDisposed);
    }

    [Fact]
    public async Task ConnectAsync_NoTarget_GreetsAndShowsTheCredentialsOnly()
    {
        var stream = new ChunkedTransportStream([PasswordMethod, Accepted]);
        Assert.True((await ConnectAsync(stream, null, "user:pass@")).IsConnected);
        Assert.Equal([5, 2, 0, 2, 1, 4, .. "user"u8, 4, .. "pass"u8], stream.Written);
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(0, false)]
    public async Task ConnectAsync_NameThatIsTooLong_IsTheTargetsFault(int length, bool expected)
    {
        var through = new ChunkedTransportStream([NoMethod, Success]);
        var result = await Create(through).ConnectAsync(Request("", new ForwardTarget(new string('a', length), null, 1)) with { Through = through }, default);
        Assert.Equal(expected, result.IsConnected);
        Assert.Equal(!expected, through.IsDisposed);
        if (!expected)
        {
            Assert.Equal(ConnectFault.Target, result.Fault);
            Assert.Equal(SocketError.HostNotFound, result.Code);
        }
    }

    [Fact]
    public async Task ConnectAsync_OverTls_IsDialledByTheOtherConnector()
    {
        var tcp = new StreamConnector(new ChunkedTransportStream([]));
        var tls = new StreamConnector(new ChunkedTransportStream([NoMethod, Success]));
        Assert.True(DestinationAddress.TryParse("socks5+tls://127.0.0.1:1", null, out var address, out _));
        var result = await new Socks5Connector(tcp, tls).ConnectAsync(new ConnectRequest { Address = address, Target = Name }, default);
        Assert.True(result.IsConnected, result.Error);
        Assert.Null(tcp.Request);
        Assert.NotNull(tls.Request);
    }

    private static Socks5Connector Create(TransportStream stream) => new(new StreamConnector(stream), new StreamConnector(new ChunkedTransportStream([])));

    private static ConnectRequest Request(string userInfo, ForwardTarget? target)
    {
        Assert.True(DestinationAddress.TryParse($"socks5://{userInfo}127.0.0.1:1080", null, out var address, out var error), error);
        return new ConnectRequest { Address = address, Target = target };
    }

    private static ValueTask<ConnectResult> ConnectAsync(TransportStream stream, ForwardTarget? target, string userInfo = "") =>
        Create(stream).ConnectAsync(Request(userInfo, target), default);

    private static async Task<ConnectResult> FailAsync(ChunkedTransportStream stream, string userInfo = "")
    {
        var result = await ConnectAsync(stream, Name, userInfo);
        Assert.False(result.IsConnected);
        Assert.True(stream.IsDisposed);
        Assert.StartsWith("socks5://127.0.0.1:1080: ", result.Error);
        return result;
    }
}
