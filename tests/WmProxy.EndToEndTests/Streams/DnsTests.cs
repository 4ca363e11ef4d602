using System;
using System.Globalization;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;

namespace WmProxy.EndToEndTests.Streams;

public sealed class DnsTests
{
    private const int Runs = 60;

    [Theory, ClassData(typeof(Engines))]
    public Task Stream_Dnsperf_GetsEveryAnswerToItsQuestion(string engine) => RunAsync(engine, "\"IdleTimeout\": \"30s\"");

    [Theory, ClassData(typeof(Engines))]
    public Task Stream_DnsperfWithASessionForEachQuestion_GetsEveryAnswerToItsQuestion(string engine) => RunAsync(engine, "\"Requests\": 1, \"Responses\": 1");

    private static async Task RunAsync(string engine, string keys)
    {
        var dnsperf = ExternalTool.Require("dnsperf", "dnsperf");
        await using var dns = await DnsServer.StartAsync();
        await using var proxy = await WmProxyProcess.StartAsync($$"""
            {
              "WmProxy": {
                "Engine": "{{engine}}",
                "Streams": { "dns": { "Listen": "udp://127.0.0.2:0", "To": "udp://127.0.0.1:{{dns.Port}}", {{keys}} } }
              }
            }
            """);

        // 20 clients, 100 questions under way at a time: the receive buffers of dnsmasq and dnsperf, the system's default ones, hold more.
        var result = await dnsperf.RunAsync(
            [
                "-s", "127.0.0.2", "-p", proxy.Port("127.0.0.2").ToString(CultureInfo.InvariantCulture), "-d", dns.QueriesPath,
                "-n", Runs.ToString(CultureInfo.InvariantCulture), "-c", "20", "-q", "100", "-t", "20",
            ]);

        var sent = Runs * DnsServer.Queries;
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Matches($@"Queries completed: +{sent} \(100\.00%\)", result.Output);
        Assert.Matches(@"Queries lost: +0 ", result.Output);
        Assert.Matches($@"Response codes: +NOERROR {sent} \(100\.00%\)", result.Output);

        // As it says where an answer's id is none of its own, or the answer is to another question.
        Assert.DoesNotContain("unexpected", result.Output + result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Warning", result.Output + result.Error, StringComparison.Ordinal);
    }
}
