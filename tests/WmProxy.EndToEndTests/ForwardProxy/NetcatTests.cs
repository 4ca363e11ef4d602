using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>Clients that end their input and wait for the answer, as <c>printf … | ncat --proxy</c> does.</summary>
public sealed class NetcatTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private const string Question = "one\ntwo\n";

    private readonly WmProxyProcess _proxy = fixture.Proxy;

    [Theory]
    [InlineData("http", Open)]
    [InlineData("socks4", Open)]
    [InlineData("socks5", Open)]
    [InlineData("http", Private)]
    [InlineData("socks5", Private)]
    public async Task Ncat_AnswerAfterEndOfInput_Arrives(string type, string host)
    {
        var ncat = ExternalTool.Require("ncat", "ncat");
        await using var server = CreateServer();
        string[] user = host == Private ? ["--proxy-auth", User] : [];

        var result = await ncat.RunAsync(["--proxy", _proxy.Authority(host), "--proxy-type", type, .. user, "127.0.0.1", $"{server.Port}"], Question);

        AssertAnswered(result, server);
    }

    [Theory]
    [InlineData("PROXY:{0}:127.0.0.1:{2},proxyport={1}", Open)]
    [InlineData("PROXY:{0}:127.0.0.1:{2},proxyport={1},proxyauth=" + User, Private)]
    [InlineData("SOCKS4:{0}:127.0.0.1:{2},socksport={1}", Open)]
    [InlineData("SOCKS4A:{0}:localhost:{2},socksport={1}", Open)]
    public async Task Socat_AnswerAfterEndOfInput_Arrives(string address, string host)
    {
        var socat = ExternalTool.Require("socat", "socat");
        await using var server = CreateServer();

        // -t: how long it waits for the answer after its input has ended.
        var result = await socat.RunAsync(
            ["-t", "20", "-", string.Format(System.Globalization.CultureInfo.InvariantCulture, address, host, _proxy.Port(host), server.Port)], Question);

        AssertAnswered(result, server);
    }

    // Nothing is sent before the client's end of input is seen.
    private static ScriptedPeer CreateServer() => new(script => script.Read(Question.Length).ReadToEnd().Write("the answer\n").HalfClose());

    private static void AssertAnswered(ToolResult result, ScriptedPeer server)
    {
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("the answer\n", result.Output);
        Assert.Empty(server.Failures);
    }
}
