using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Streams;

/// <summary>Clients that end their input and wait for the answer, as <c>printf … | socat</c> does, lose it in many proxies.</summary>
public sealed class HalfCloseTests
{
    private const string Question = "one\ntwo\n";

    [Theory, ClassData(typeof(Engines))]
    public async Task Socat_AnswerAfterEndOfInput_Arrives(string engine)
    {
        var socat = ExternalTool.Require("socat", "socat");
        await using var server = CreateServer();
        await using var proxy = await StartProxyAsync(engine, server);

        // -t: how long it waits for the answer after its input has ended.
        var result = await socat.RunAsync(["-t", "20", "-", $"TCP:{proxy.Authority("127.0.0.2")}"], Question);

        AssertAnswered(result, server);
    }

    [Theory, ClassData(typeof(Engines))]
    public async Task Ncat_AnswerAfterEndOfInput_Arrives(string engine)
    {
        var ncat = ExternalTool.Require("ncat", "ncat");
        await using var server = CreateServer();
        await using var proxy = await StartProxyAsync(engine, server);

        var result = await ncat.RunAsync(["127.0.0.2", $"{proxy.Port("127.0.0.2")}"], Question);

        AssertAnswered(result, server);
    }

    // Nothing is sent before the client's end of input is seen.
    private static ScriptedPeer CreateServer() => new(script => script.Read(Question.Length).ReadToEnd().Write("the answer\n").HalfClose());

    private static Task<WmProxyProcess> StartProxyAsync(string engine, ScriptedPeer server) => WmProxyProcess.StartAsync($$"""
        { "WmProxy": { "Engine": "{{engine}}", "Streams": { "ask": { "Listen": "tcp://127.0.0.2:0", "To": "{{server.Address}}" } } } }
        """);

    private static void AssertAnswered(ToolResult result, ScriptedPeer server)
    {
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal("the answer\n", result.Output);
        Assert.Empty(server.Failures);
    }
}
