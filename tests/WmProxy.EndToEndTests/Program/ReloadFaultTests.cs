using System;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;

namespace WmProxy.EndToEndTests.Program;

/// <summary>What happens to the file while the program runs on it must never end a connection.</summary>
public sealed partial class ReloadFaultTests : IAsyncLifetime
{
    private readonly EchoServer _echo = new();
    private readonly TempDirectory _folder = new();
    private WmProxyProcess _proxy = null!;
    private RawConnection _open = null!;

    private string FilePath => _folder.Combine("appsettings.json");

    public async ValueTask InitializeAsync()
    {
        _proxy = await WmProxyProcess.StartAsync(Config(), _folder);
        _open = await _proxy.ConnectAsync("127.0.0.2");
    }

    public async ValueTask DisposeAsync()
    {
        _open.Dispose();
        await _proxy.DisposeAsync();
        _folder.Dispose();
        await _echo.DisposeAsync();
    }

    [Fact]
    public async Task File_WrittenInHalvesEmptiedAndDeleted_IsReportedOnceEachAndDropsNobody()
    {
        var half = Config()[..(Config().Length / 2)];
        (string State, Action Break, string Error)[] states =
        [
            ("half", () => File.WriteAllText(FilePath, half), @"appsettings\.json: line \d+, column \d+: not valid JSON"),
            ("empty", () => File.WriteAllText(FilePath, ""), @"appsettings\.json: the file is empty"),
            ("deleted", () => File.Delete(FilePath), @"appsettings\.json: the file does not exist"),
        ];
        var reported = 0;
        foreach (var (_, breakIt, error) in states)
        {
            var from = _proxy.Process.Output.Length;
            breakIt();
            await _proxy.Process.WaitForAsync(error, from);
            Assert.Equal(++reported, _proxy.Process.Output.Count(Refused()));
            await AssertServesAsync();

            File.WriteAllText(FilePath, Config());
            await _proxy.Process.WaitForAsync("is again as it is in use", from);
            await AssertServesAsync();
        }

        // Each was told once, in words.
        Assert.Equal(states.Length, _proxy.Process.Output.Count(Refused()));
        Assert.DoesNotContain("   at ", _proxy.Output, StringComparison.Ordinal);

        File.WriteAllText(FilePath, Config("127.0.0.3"));
        await _proxy.WaitForListenerAsync("127.0.0.3", "[1-9][0-9]*");
        await AssertServesAsync();
    }

    [Fact]
    public async Task File_WrittenFiftyTimesASecond_NeverDropsAnybodyAndIsFollowed()
    {
        using (var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20)))
        {
            // In place and in two pieces, so that any of the 150 can be caught half written; while it goes on, the file is followed all the same.
            for (var number = 0; number < 150; number++)
            {
                await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
                var text = Config($"127.0.3.{number + 1}");
                await using var writer = new StreamWriter(FilePath) { AutoFlush = true };
                await writer.WriteAsync(text.AsMemory(0, text.Length / 2));
                await Task.Yield();
                await writer.WriteAsync(text.AsMemory(text.Length / 2));
                await _open.SendAsync("x");
                Assert.Equal("x"u8.ToArray(), await _open.ReadExactlyAsync(1));
            }
        }

        await _proxy.WaitForListenerAsync("127.0.3.150", "[1-9][0-9]*");
        await AssertServesAsync();

        // Three seconds of writing: looked at once a second, and not 150 times.
        Assert.InRange(_proxy.Process.Output.Count(Refused()) + _proxy.Process.Output.Count(Applied()), 1, 15);
    }

    [Fact]
    public async Task Hangup_FileUnchanged_ReadsItAgainAndDropsNobody()
    {
        _proxy.Process.Send(Signal.Hangup);

        await _proxy.Process.WaitForAsync("SIGHUP: the configuration is in use");
        await AssertServesAsync();
    }

    [Fact]
    public async Task Hangup_FileBroken_SaysWhyAndDropsNobody()
    {
        File.WriteAllText(FilePath, "{");
        await _proxy.Process.WaitForAsync(Refused().ToString());

        _proxy.Process.Send(Signal.Hangup);

        await _proxy.Process.WaitForAsync("SIGHUP: the configuration cannot be used");
        await AssertServesAsync();
    }

    [Theory]
    [InlineData("""{ "WmProxy": { "Streams": { "echo": ECHO, "taken": { "Listen": "tcp://127.0.0.1:PORT", "To": "tcp://127.0.0.1:1" } } } }""", "WmProxy:Streams:taken:Listen")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "taken": { "Url": "http://127.0.0.1:PORT" } } }, "WmProxy": { "Streams": { "echo": ECHO, "new": { "Listen": "tcp://127.0.0.9:0", "To": "tcp://127.0.0.1:1" } } } }""", "Kestrel:Endpoints:taken:Url")]
    public async Task Save_PortInUse_KeepsTheOldWholeUntilItIsFreeAndAskedAgain(string config, string key)
    {
        var owner = new EchoServer();
        var port = owner.Port;
        await using var owned = owner;

        _folder.Replace("appsettings.json", config
            .Replace("ECHO", Stream("127.0.0.2"), StringComparison.Ordinal)
            .Replace("PORT", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        var refused = await _proxy.Process.WaitForAsync($@"{key}: .*127\.0\.0\.1:{port}.*");

        // Named with its owner: this very process.
        Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), refused.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.9", _proxy.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("is applied", _proxy.Output, StringComparison.Ordinal);
        await AssertServesAsync();

        await owner.DisposeAsync();
        _proxy.Process.Send(Signal.Hangup);
        await _proxy.Process.WaitForAsync("SIGHUP: the configuration is in use");

        await Deadline.PollAsync(async () => !await RawClient.IsRefusedAsync(owner.EndPoint));
        await AssertServesAsync();
    }

    private async Task AssertServesAsync()
    {
        await _open.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await _open.ReadExactlyAsync(4));
        using var fresh = await _proxy.ConnectAsync("127.0.0.2");
        await fresh.SendAsync("ping");
        Assert.Equal("ping"u8.ToArray(), await fresh.ReadExactlyAsync(4));
    }

    private string Stream(string host) => $$"""{ "Listen": "tcp://{{host}}:0", "To": "{{_echo.Address}}" }""";

    private string Config(string? more = null) => $$"""
        { "WmProxy": { "Streams": {
            {{(more is null ? "" : $"\"more\": {Stream(more)},")}}
            "echo": {{Stream("127.0.0.2")}}
        } } }
        """;

    [GeneratedRegex("has changed and cannot be used")]
    private static partial Regex Refused();

    [GeneratedRegex("is applied")]
    private static partial Regex Applied();
}
