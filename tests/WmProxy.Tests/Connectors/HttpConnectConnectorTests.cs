using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.Connectors;

public sealed class HttpConnectConnectorTests
{
    private const string Success = "HTTP/1.1 200 Connection established\r\n\r\n";

    private static readonly ForwardTarget Name = new("a.example", null, 443);

    [Fact]
    public void Schemes_AreTheTwoOfConnect() => Assert.Equal(["http+connect", "https+connect"], Create(Peer("")).Schemes);

    [Theory]
    [InlineData("", "a.example", false, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")]
    [InlineData("", "192.0.2.1", true, "CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n")]
    [InlineData("", "2001:db8::1", true, "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n")]
    [InlineData("Aladdin:open%20sesame@", "a.example", false, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n")]
    [InlineData("test:123%C2%A3@", "a.example", false, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic dGVzdDoxMjPCow==\r\n\r\n")]
    public async Task ConnectAsync_Target_IsAskedFor(string userInfo, string host, bool isAddress, string expected)
    {
        var stream = Peer(Success);
        var result = await ConnectAsync(stream, new ForwardTarget(host, isAddress ? IPAddress.Parse(host) : null, 443), userInfo);
        Assert.True(result.IsConnected, result.Error);
        Assert.Equal(expected, Encoding.ASCII.GetString([.. stream.Written]));
        Assert.False(stream.IsDisposed);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.0 200 Connection established\r\nProxy-Agent: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200\r\n\r\n")]
    [InlineData("HTTP/1.1 200 \r\n\r\n")]
    [InlineData("HTTP/1.1 204 \r\nEmpty:\r\nWords: \t a b\xE4 \r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")]
    public async Task ConnectAsync_AnswerSplitAnywhere_LeavesTheTargetsBytesBuffered(string head)
    {
        var all = Encoding.Latin1.GetBytes(head + "\r\nearly");
        for (var split = 0; split <= all.Length; split++)
        {
            await ExpectEarlyAsync(ChunkedTransportStream.Split(all, split));
        }

        await ExpectEarlyAsync(ChunkedTransportStream.Dribble(all));

        static async Task ExpectEarlyAsync(ChunkedTransportStream stream)
        {
            var result = await ConnectAsync(stream, Name);
            Assert.True(result.IsConnected, result.Error);
            var early = new byte[7];
            await stream.ReadExactlyAsync(early);
            Assert.Equal("\r\nearly"u8.ToArray(), early);
        }
    }

    [Theory]
    [InlineData(407, "", "has no user name", nameof(ConnectFault.Destination), SocketError.Success)]
    [InlineData(407, "user:pass@", "refuses the user name and password", nameof(ConnectFault.Destination), SocketError.Success)]
    [InlineData(401, "user:pass@", "refuses the user name and password", nameof(ConnectFault.Destination), SocketError.Success)]
    [InlineData(403, "", "rules", nameof(ConnectFault.Target), SocketError.AccessDenied)]
    [InlineData(502, "", "cannot reach", nameof(ConnectFault.Target), SocketError.HostUnreachable)]
    [InlineData(504, "", "no answer in time", nameof(ConnectFault.Target), SocketError.TimedOut)]
    [InlineData(503, "", "refused (status 503)", nameof(ConnectFault.Unknown), SocketError.Success)]
    [InlineData(302, "", "refused (status 302)", nameof(ConnectFault.Unknown), SocketError.Success)]
    [InlineData(400, "", "refused (status 400)", nameof(ConnectFault.Unknown), SocketError.Success)]
    [InlineData(405, "", "does not support CONNECT", nameof(ConnectFault.Destination), SocketError.Success)]
    [InlineData(501, "", "does not support CONNECT", nameof(ConnectFault.Destination), SocketError.Success)]
    [InlineData(101, "", "does not support CONNECT", nameof(ConnectFault.Destination), SocketError.Success)]
    public async Task ConnectAsync_Refused_SaysWhoseFailureItIs(int statusCode, string userInfo, string expected, string fault, SocketError code)
    {
        var result = await FailAsync(Peer($"HTTP/1.1 {statusCode} Words\r\nContent-Length: 4\r\n\r\nbody"), userInfo);
        Assert.Contains(expected, result.Error);
        Assert.Contains("a.example:443", result.Error);
        Assert.Equal(fault, result.Fault.ToString());
        Assert.Equal(code, result.Code);
        Assert.Equal(statusCode == 504 ? ConnectionEndReason.ConnectTimeout : ConnectionEndReason.ConnectFailed, result.Failure);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n")]
    [InlineData("H2")]
    [InlineData("\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\n\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\u0001K\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n folded\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA : b\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: b\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nnothing\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/3\r\n")]
    public async Task ConnectAsync_AnswerThatIsNotHttp_IsRefusedAtOnce(string answer)
    {
        // The peer stays silent afterwards: nothing more is waited for.
        var stream = ChunkedTransportStream.Silent(Encoding.Latin1.GetBytes(answer));
        var result = await FailAsync(stream).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("is not HTTP/1.1", result.Error);
        Assert.Equal(ConnectFault.Destination, result.Fault);
    }

    [Theory]
    [InlineData(16 * 1024, true)]
    [InlineData((16 * 1024) + 1, false)]
    public async Task ConnectAsync_LongHead_IsTakenUpTo16KiB(int length, bool expected)
    {
        const string Start = "HTTP/1.1 200 OK\r\nA: ";
        var head = $"{Start}{new string('a', length - Start.Length - 4)}\r\n\r\n";
        var result = await ConnectAsync(new ChunkedTransportStream(Encoding.ASCII.GetBytes(head).Chunk(1000)), Name);
        Assert.Equal(expected, result.IsConnected);
        if (!expected)
        {
            Assert.Contains("16 KiB", result.Error);
        }
    }

    [Fact]
    public async Task ConnectAsync_ParentThatEndsAnywhere_IsToBlame()
    {
        var all = Encoding.ASCII.GetBytes(Success);
        for (var length = 0; length < all.Length; length++)
        {
            var result = await FailAsync(new ChunkedTransportStream([all[..length]]));
            Assert.Contains("closed the connection", result.Error);
            Assert.Equal(ConnectFault.Destination, result.Fault);

            var reset = await FailAsync(ChunkedTransportStream.Failing(new SocketException((int)SocketError.ConnectionReset), all[..length]));
            Assert.Equal(ConnectFault.Destination, reset.Fault);
        }
    }

    [Fact]
    public async Task ConnectAsync_CutShort_CannotTellParentFromTarget()
    {
        var stream = ChunkedTransportStream.Silent("HTTP/1.1 2"u8.ToArray());
        var progress = new ConnectProgress();
        using var cts = new CancellationTokenSource();
        var connecting = Create(stream).ConnectAsync(Request("", Name) with { Progress = progress }, cts.Token).AsTask();
        await cts.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(ConnectFault.Unknown, progress.Fault);
        Assert.True(stream.IsDisposed);
    }

    [Fact]
    public async Task ConnectAsync_NoTarget_SaysNothing()
    {
        var stream = Peer("");
        Assert.True((await ConnectAsync(stream, null)).IsConnected);
        Assert.Empty(stream.Written);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\r\nX: y")]
    [InlineData("a\0b")]
    [InlineData("a/b")]
    [InlineData("ä.example")]
    [InlineData("")]
    public async Task ConnectAsync_NameThatHttpCannotCarry_IsTheTargetsFault(string host)
    {
        var stream = Peer(Success);
        var result = await ConnectAsync(stream, new ForwardTarget(host, null, 443));
        Assert.Equal(ConnectFault.Target, result.Fault);
        Assert.Equal(SocketError.HostNotFound, result.Code);
        Assert.Empty(stream.Written);
    }

    private static ChunkedTransportStream Peer(string answer) => new([Encoding.Latin1.GetBytes(answer)]);

    private static HttpConnectConnector Create(TransportStream stream) => new(new StreamConnector(stream), new StreamConnector(new ChunkedTransportStream([])));

    private static ConnectRequest Request(string userInfo, ForwardTarget? target)
    {
        Assert.True(DestinationAddress.TryParse($"http+connect://{userInfo}127.0.0.1:3128", null, out var address, out var error), error);
        return new ConnectRequest { Address = address, Target = target };
    }

    private static ValueTask<ConnectResult> ConnectAsync(TransportStream stream, ForwardTarget? target, string userInfo = "") =>
        Create(stream).ConnectAsync(Request(userInfo, target), default);

    private static async Task<ConnectResult> FailAsync(ChunkedTransportStream stream, string userInfo = "")
    {
        var result = await ConnectAsync(stream, Name, userInfo);
        Assert.False(result.IsConnected);
        Assert.True(stream.IsDisposed);
        Assert.StartsWith("http+connect://127.0.0.1:3128: ", result.Error);
        return result;
    }
}
