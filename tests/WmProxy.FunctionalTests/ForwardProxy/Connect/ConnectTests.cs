using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using WmProxy.ForwardProxy;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy.Connect;

/// <summary>HTTP/1.1 <c>CONNECT</c> (RFC 9110 section 9.3.6), over real sockets.</summary>
public class ConnectTests
{
    private const string Users = """ "Users": { "alice": { "Password": "a:b" } } """;
    private const string Request = "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n";

    [Theory]
    [InlineData("example.test:443", "example.test", null)]
    [InlineData("EXAMPLE.test.:443", "EXAMPLE.test", null)]
    [InlineData("192.0.2.1:443", "192.0.2.1", "192.0.2.1")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1", "2001:db8::1")]
    [InlineData("[::ffff:192.0.2.1]:443", "192.0.2.1", "192.0.2.1")]
    public async Task Target_IsDialled_AndBytesGoBothWays(string authority, string name, string? address)
    {
        await using var echo = new EchoServer();
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map(name.Contains(':') ? $"[{name}]:443" : $"{name}:443", echo.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Connection: keep-alive\r\nUser-Agent: x\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 Connection established\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        await client.SendAsync("hello");

        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
        var target = host.Dialer.Requests.Single().Target;
        Assert.Equal(address is null ? null : IPAddress.Parse(address), target.Address);
        Assert.Equal(443, target.Port);
    }

    [Fact]
    public async Task EarlyData_GoesToTheDestination_ThoughEveryByteComesAlone()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo);
        using var client = await host.ConnectAsync();

        await client.DribbleAsync(Encoding.ASCII.GetBytes(Request + "early"));
        client.HalfClose();

        var answer = await client.ReadToEndAsync();
        Assert.Equal("HTTP/1.1 200 Connection established\r\n\r\nearly", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task AnswerComes_OnlyWhenTheDestinationIsConnected()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo);
        host.Dialer.Gate = new TaskCompletionSource();
        using var client = await host.ConnectAsync();

        await client.SendAsync(Request);
        await Deadline.PollAsync(() => Task.FromResult(!host.Dialer.Requests.IsEmpty));
        Assert.Equal(0, client.Socket.Available);
        host.Dialer.Gate.SetResult();

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\r\n\r\n"));
    }

    [Fact]
    public async Task HalfClose_OfEitherSide_IsPassedOn()
    {
        await using var peer = new ScriptedPeer(script => script.ReadToEnd().Write("after the end").HalfClose());
        await using var host = await StartAsync(peer);
        using var records = new ConnectionRecords(host.Host);
        using var client = await host.ConnectAsync();

        await client.SendAsync(Request);
        await client.ReadUntilAsync("\r\n\r\n");
        client.HalfClose();

        var answer = await client.ReadToEndAsync();
        Assert.Equal("after the end", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
        Assert.Equal("Completed", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task ResetOfTheDestination_IsAReset()
    {
        await using var peer = new ScriptedPeer(script => script.Read(1).Reset());
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync(Request);
        await client.ReadUntilAsync("\r\n\r\n");
        await client.SendAsync("x");

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
    }

    [Theory]
    [InlineData("example.test:443", "Host: example.test\r\nContent-Length: 0\r\n", 200)]
    [InlineData("example.test:443", "Host:\r\n", 200)]
    [InlineData("example.test", "Host: example.test\r\n", 400)]
    [InlineData("example.test:", "Host: example.test\r\n", 400)]
    [InlineData("example.test:0", "Host: example.test\r\n", 400)]
    [InlineData("example.test:65536", "Host: example.test\r\n", 400)]
    [InlineData("example.test:65979", "Host: example.test\r\n", 400)]
    [InlineData("example.test:+443", "Host: example.test\r\n", 400)]
    [InlineData("example.test:443/", "Host: example.test\r\n", 400)]
    [InlineData("http://example.test:443", "Host: example.test\r\n", 400)]
    [InlineData("user@example.test:443", "Host: example.test\r\n", 400)]
    [InlineData("exa\0mple.test:443", "Host: example.test\r\n", 400)]
    [InlineData("[::1:443", "Host: example.test\r\n", 400)]
    [InlineData("::1:443", "Host: example.test\r\n", 400)]
    [InlineData("[::1%25lo]:443", "Host: example.test\r\n", 400)]
    [InlineData("127.1:443", "Host: example.test\r\n", 400)]
    [InlineData("0x7f.0.0.1:443", "Host: example.test\r\n", 400)]
    [InlineData("example..test:443", "Host: example.test\r\n", 400)]
    [InlineData(".:443", "Host: example.test\r\n", 400)]
    [InlineData(":443", "Host: example.test\r\n", 400)]
    [InlineData("ex\u00e4mple.test:443", "Host: example.test\r\n", 400)]
    [InlineData("example.test:443", "", 400)]
    [InlineData("example.test:443", "Host: a, b\r\n", 400)]
    [InlineData("example.test:443", "Host: a:99999\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\nHost: a\r\n", 400)]
    [InlineData("example.test:443", "Host: a b\r\n", 400)]
    [InlineData("example.test:443", "Host : a\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\n folded: 1\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\nX: a\0b\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\nX: a\rb\r\n", 400)]
    [InlineData("example.test:443", "Host: a\nX: 1\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\nno colon\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\nContent-Length: 5\r\n", 400)]
    [InlineData("example.test:443", "Host: a\r\nTransfer-Encoding: chunked\r\n", 400)]
    public async Task Head_IsReadStrictly(string target, string fields, int status)
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"CONNECT {target} HTTP/1.1\r\n{fields}\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadUntilAsync("\r\n"));
        Assert.Equal(status == 200 ? 1 : 0, host.Dialer.Requests.Count);
    }

    [Theory]
    [InlineData("", 200)]
    [InlineData("a", 400)]
    public async Task NameOfTheGreatestLength_IsDialled_OneMoreIsRefused(string more, int status)
    {
        var label = new string('a', 63);
        var name = $"{label}.{label}.{label}.{label[..61]}";
        await using var echo = new EchoServer();
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Map($"{name}:65535", echo.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"CONNECT {name}{more}:65535 HTTP/1.1\r\nHost:\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadUntilAsync("\r\n"));
        Assert.Equal(status == 200 ? 1 : 0, host.Dialer.Requests.Count);
    }

    [Fact]
    public async Task EndlessHead_IsRefused_AndTheAnswerArrives()
    {
        await using var host = await ForwardHost.StartAsync();
        using var client = await host.ConnectAsync();

        await client.TrySendAsync(Encoding.ASCII.GetBytes($"CONNECT example.test:443 HTTP/1.1\r\nX: {new string('a', 100_000)}\r\n\r\n"));

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 431 ", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task MissingCredentials_AreAskedFor_OnAConnectionThatGoesOn()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo, Users);
        using var client = await host.ConnectAsync();

        await client.SendAsync(Request);
        var first = await HttpMessage.ReadAsync(client);
        await client.SendAsync(WithCredentials("alice", "wrong"));
        var second = await HttpMessage.ReadAsync(client);
        Assert.Empty(host.Dialer.Requests);
        await client.SendAsync(WithCredentials("alice", "a:b"));
        var third = await HttpMessage.ReadAsync(client, isBodyless: true);
        await client.SendAsync("hello");

        Assert.Equal([407, 407, 200], [first.Status, second.Status, third.Status]);
        Assert.StartsWith("Basic realm=\"", first["Proxy-Authenticate"]);
        Assert.NotNull(first["Content-Length"]);
        Assert.Null(first["Connection"]);
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
        Assert.Equal("alice", host.Dialer.Requests.Single().User);
    }

    [Fact]
    public async Task ChallengedConnection_MayGoOnWithAnotherMethod()
    {
        await using var peer = new HttpPeer();
        await using var host = await ForwardHost.StartAsync(Users);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync(Request);
        await HttpMessage.ReadAsync(client);
        await client.SendAsync($"GET http://example.test/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: {ForwardHost.Basic("alice", "a:b")}\r\n\r\n");

        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
    }

    [Theory]
    [InlineData("CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n\u0016early data that is no request")]
    [InlineData("CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\nProxy-Connection: close\r\n\r\n")]
    [InlineData("CONNECT example.test:443 HTTP/1.0\r\n\r\n")]
    public async Task Challenge_WhereNoOtherRequestCanFollow_EndsTheConnection(string request)
    {
        await using var host = await ForwardHost.StartAsync(Users);
        using var records = new ConnectionRecords(host.Host);
        using var client = await host.ConnectAsync();

        await client.SendAsync(request);

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 407 ", answer.Text);
        Assert.Contains("\r\nConnection: close\r\n", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
        client.HalfClose();
        Assert.Equal("AuthenticationFailed", (await records.NextAsync()).Reason);
    }

    [Theory]
    [InlineData((int)ForwardRefusal.RuleDenied, 403)]
    [InlineData((int)ForwardRefusal.GuardDenied, 403)]
    [InlineData((int)ForwardRefusal.Loop, 508)]
    [InlineData((int)ForwardRefusal.NameNotResolved, 502)]
    [InlineData((int)ForwardRefusal.ConnectionRefused, 502)]
    [InlineData((int)ForwardRefusal.NetworkUnreachable, 502)]
    [InlineData((int)ForwardRefusal.HostUnreachable, 502)]
    [InlineData((int)ForwardRefusal.Timeout, 504)]
    [InlineData((int)ForwardRefusal.ParentFailed, 502)]
    [InlineData((int)ForwardRefusal.Failed, 502)]
    public async Task RefusedDestination_IsToldWithAReason_ThatArrivesBeforeTheEnd(int refusal, int status)
    {
        await using var host = await ForwardHost.StartAsync();
        host.Dialer.Refuse("example.test:443", (ForwardRefusal)refusal);
        using var client = await host.ConnectAsync();

        // Unread early data would make the kernel reset the connection.
        await client.SendAsync(Request + "early data");

        var answer = await client.ReadToEndAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", answer.Text);
        Assert.Contains("\r\nContent-Type: text/plain", answer.Text);
        Assert.Equal(ReadEnd.Fin, answer.End);
    }

    [Fact]
    public async Task Reload_ThatTakesTheRight_CutsTheTunnel()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(echo);
        using var client = await host.ConnectAsync();
        await client.SendAsync(Request);
        await client.ReadUntilAsync("\r\n\r\n");

        Assert.Equal(1, host.Live.Count);
        host.Live.All.Single().Revoke();

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        await Deadline.PollAsync(() => Task.FromResult(host.Live.Count == 0));
    }

    private static string WithCredentials(string user, string password) =>
        $"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\nProxy-Authorization: {ForwardHost.Basic(user, password)}\r\n\r\n";

    private static async Task<ForwardHost> StartAsync(TestServerSocket peer, string settings = "")
    {
        var host = await ForwardHost.StartAsync(settings);
        host.Dialer.Map("example.test:443", peer.EndPoint);
        return host;
    }
}
