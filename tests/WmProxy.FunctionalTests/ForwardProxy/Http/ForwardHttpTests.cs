using System.Linq;
using System.Net;
using System.Threading.Tasks;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy.Http;

/// <summary>Requests in absolute form (RFC 9112 section 3.2.2), as destination and client see them.</summary>
public class ForwardHttpTests
{
    [Theory]
    [InlineData("http://example.test/", "/", "example.test")]
    [InlineData("http://example.test", "/", "example.test")]
    [InlineData("http://example.test?x", "/?x", "example.test")]
    [InlineData("http://example.test:80/", "/", "example.test:80")]
    [InlineData("http://example.test:/", "/", "example.test")]
    [InlineData("http://Example.TEST./a", "/a", "Example.TEST.")]
    [InlineData("http://example.test/a/../b%2Fc/%7e/./?x=%41|y&z=//\\", "/a/../b%2Fc/%7e/./?x=%41|y&z=//\\", "example.test")]
    public async Task AbsoluteForm_GoesOnInOriginForm_AsTheClientWroteIt(string target, string path, string hostField)
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        host.Dialer.Map("Example.TEST:80", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: other.test\r\nX-Any: 1\r\n\r\n");

        var request = await peer.NextAsync();
        Assert.Equal($"GET {path} HTTP/1.1", request.StartLine);
        Assert.Equal(hostField, request["Host"]);
        Assert.Equal("1", request["X-Any"]);
        var response = await HttpMessage.ReadAsync(client);
        Assert.Equal("HTTP/1.1 200 OK", response.StartLine);
        Assert.Equal("ok", response.Body);
    }

    [Fact]
    public async Task IPv6Target_IsDialled_AndKeepsItsBrackets()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        host.Dialer.Map("[2001:db8::1]:8080", peer.EndPoint);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://[2001:db8::1]:8080/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("[2001:db8::1]:8080", (await peer.NextAsync())["Host"]);
        Assert.Equal(IPAddress.Parse("2001:db8::1"), host.Dialer.Requests.First().Target.Address);
    }

    [Fact]
    public async Task KeptAliveConnection_EachRequest_GoesToItsOwnTarget()
    {
        await using var first = new HttpPeer();
        await using var second = new HttpPeer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
        await using var host = await StartAsync(first);
        host.Dialer.Map("second.test:80", second.EndPoint);
        using var client = await host.ConnectAsync();

        // Pipelined (RFC 9112 section 9.3.2): answered in order.
        await client.SendAsync(
            "GET http://example.test/1 HTTP/1.1\r\nHost: x\r\n\r\nGET http://second.test/2 HTTP/1.1\r\nHost: x\r\n\r\nGET http://example.test/3 HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
        Assert.Equal("other", (await HttpMessage.ReadAsync(client)).Body);
        Assert.Equal("ok", (await HttpMessage.ReadAsync(client)).Body);
        Assert.Equal(1, first.AcceptedCount);
        Assert.Equal(1, second.AcceptedCount);
    }

    [Fact]
    public async Task Head_SplitAtEveryByte_IsServed()
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.DribbleAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());

        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
    }

    // RFC 9112 section 2.2: what older clients send behind content.
    [Theory]
    [InlineData("\r\n", "")]
    [InlineData("", "\r\n")]
    [InlineData("\r", "\n\r\n")]
    public async Task EmptyLinesBeforeARequest_ArePassedOver(string behind, string before)
    {
        await using var peer = new HttpPeer();
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync($"POST http://example.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na{behind}");
        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
        await client.SendAsync($"{before}GET http://example.test/next HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(200, (await HttpMessage.ReadAsync(client)).Status);
        await peer.NextAsync();
        Assert.Equal("GET /next HTTP/1.1", (await peer.NextAsync()).StartLine);
    }

    [Fact]
    public async Task Http10Client_IsAnswered_AndClosed()
    {
        await using var peer = new HttpPeer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.0\r\n\r\n");

        var answer = await client.ReadToEndAsync();
        Assert.Equal(ReadEnd.Fin, answer.End);
        Assert.EndsWith("\r\n\r\nok", answer.Text);
        Assert.StartsWith("1.0 wmproxy-", (await peer.NextAsync())["Via"]);
    }

    [Fact]
    public async Task HeadRequest_HasTheLength_ButNoContent()
    {
        await using var peer = new HttpPeer("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("HEAD http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\nHEAD http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("1234", (await HttpMessage.ReadAsync(client, isBodyless: true))["Content-Length"]);
        Assert.Equal("1234", (await HttpMessage.ReadAsync(client, isBodyless: true))["Content-Length"]);
    }

    [Fact]
    public async Task ClientThatEndsItsDirection_GetsItsAnswer()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script => script
            .ReadUntil("\r\n\r\n").Then((_, _) => { asked.SetResult(); return Task.CompletedTask; }).WaitFor(answer.Task).Write(HttpPeer.Ok));
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        client.HalfClose();
        await asked.Task.Within();
        await host.Host.WaitForConnectionsAsync(connections => connections is [{ EndReason: 0 }]);
        answer.SetResult();

        var read = await client.ReadToEndAsync();
        Assert.Equal(ReadEnd.Fin, read.End);
        Assert.EndsWith("\r\n\r\nok", read.Text);
    }

    [Fact]
    public async Task ClientThatResets_CancelsTheRequestToTheDestination()
    {
        var asked = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var peer = new TestServerSocket(async (connection, _) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            asked.SetResult();
            await connection.ReadToEndAsync();
            ended.SetResult();
        });
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await asked.Task.Within();
        client.Reset();

        await ended.Task.Within();
        await Deadline.PollAsync(() => Task.FromResult(host.Host.Connections.Count == 0));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsh", true)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nshort", true)]
    public async Task ResponseThatIsCut_LooksCut(string response, bool resets)
    {
        // What was sent is to arrive before the reset does.
        var arrived = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script =>
        {
            script.ReadUntil("\r\n\r\n").Write(response).WaitFor(arrived.Task);
            if (resets)
            {
                script.Reset();
            }
        });
        await using var host = await StartAsync(peer);
        using var records = new ConnectionRecords(host.Host);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.ReadUntilAsync("sh");
        arrived.SetResult();

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal("UpstreamReset", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task ResponseThatEndsWithTheConnection_IsComplete()
    {
        await using var peer = new HttpPeer("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nall of it");
        await using var host = await StartAsync(peer);
        using var client = await host.ConnectAsync();

        await client.SendAsync("GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n");

        var response = await HttpMessage.ReadAsync(client);
        Assert.Equal("all of it", response.Body);
        Assert.StartsWith("1.0 wmproxy-", response["Via"]);
    }

    private protected static async Task<ForwardHost> StartAsync(TestServerSocket peer, string settings = "")
    {
        var host = await ForwardHost.StartAsync(settings);
        host.Dialer.Map("example.test:80", peer.EndPoint);
        return host;
    }
}
