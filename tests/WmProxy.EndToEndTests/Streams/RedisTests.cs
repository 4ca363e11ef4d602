using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;

namespace WmProxy.EndToEndTests.Streams;

public sealed class RedisTests
{
    [Fact]
    public async Task Stream_RedisBenchmark_RunsWithoutErrors()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = await StartProxyAsync($"tcp://127.0.0.1:{redis.Port}");

        var result = await ExternalTool.Require("redis-benchmark", "redis-tools").RunAsync(
            ["-h", "127.0.0.2", "-p", Port(proxy), "-t", "set,get,lpush", "-n", "20000", "-c", "20", "-P", "8", "-d", "200", "-r", "1000", "--csv"]);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.DoesNotContain("error", result.Output + result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.All((string[])["SET", "GET", "LPUSH"], command => Assert.Contains($"\"{command}\",", result.Output, StringComparison.Ordinal));

        // What was written through the proxy is there.
        Assert.Equal("20000", await AskAsync(proxy, "LLEN", "mylist"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_Pipeline_AnswersEveryCommand(bool overUnixSocket)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = await StartProxyAsync(overUnixSocket ? $"unix:{redis.SocketPath}" : $"tcp://127.0.0.1:{redis.Port}");
        var commands = new StringBuilder();
        foreach (var i in Enumerable.Range(0, 20_000))
        {
            commands.Append(CultureInfo.InvariantCulture, $"SET key:{i} value-{i}\r\n");
        }

        var result = await Cli().RunAsync(["-h", "127.0.0.2", "-p", Port(proxy), "--pipe"], input: commands.ToString());

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Contains("errors: 0, replies: 20000", result.Output, StringComparison.Ordinal);
        Assert.Equal("20000", await AskAsync(proxy, "DBSIZE"));
        Assert.Equal("value-19999", await AskAsync(proxy, "GET", "key:19999"));
    }

    private static string Port(WmProxyProcess proxy) => proxy.Port("127.0.0.2").ToString(CultureInfo.InvariantCulture);

    private static ExternalTool Cli() => ExternalTool.Require("redis-cli", "redis-tools");

    private static async Task<string> AskAsync(WmProxyProcess proxy, params string[] command)
    {
        var result = await Cli().RunAsync(["-h", "127.0.0.2", "-p", Port(proxy), "--raw", .. command]);
        return result.Output.Trim();
    }

    private static Task<WmProxyProcess> StartProxyAsync(string destination) => WmProxyProcess.StartAsync($$"""
        { "WmProxy": { "Streams": { "redis": { "Listen": "tcp://127.0.0.2:0", "To": "{{destination}}" } } } }
        """);
}
