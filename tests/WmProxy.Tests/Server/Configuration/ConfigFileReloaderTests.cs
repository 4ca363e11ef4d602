using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using WmProxy.Configuration;
using WmProxy.Server;
using WmProxy.Server.Configuration;

namespace WmProxy.Tests.Server.Configuration;

public sealed class ConfigFileReloaderTests : IDisposable
{
    private const string Good = """{ "a": "1", "b": "1" }""";
    private const string Name = "appsettings.json";
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeConfigChecker _checker = new();
    private readonly CapturingLogger<ConfigFileReloader> _log = new();
    private readonly Channel<string> _applied = Channel.CreateUnbounded<string>();
    private readonly LastGoodJsonConfigurationSource _source;
    private readonly IConfigurationRoot _live;
    private readonly IDisposable _subscription;
    private readonly ConfigFileReloader _reloader;

    public ConfigFileReloaderTests()
    {
        _source = new LastGoodJsonConfigurationSource(new ServerOptions { ConfigFile = _folder.Write(Name, Good) });
        var options = new ServerOptions { ConfigFile = _folder.File(Name), UseEnvironment = false, Overrides = [new("fixed", "by --set")] };
        var builder = new ConfigurationBuilder();
        ConfigurationLayers.Add(builder, _source, options);
        _live = builder.Build();
        _subscription = ChangeToken.OnChange(_live.GetReloadToken, () => _applied.Writer.TryWrite($"{_live["a"]}/{_live["b"]}"));
        _reloader = new ConfigFileReloader(_source.Provider, options, _live, _checker, _log);
    }

    public void Dispose()
    {
        _reloader.Dispose();
        _subscription.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task ReloadAsync_GoodFile_IsApplied()
    {
        _folder.Write(Name, """{ "a": "2", "b": "2" }""");

        var result = await _reloader.ReloadAsync(CancellationToken.None);

        Assert.True(result.Succeeded);
        Assert.Equal("2/2", Assert.Single(Applied()));
        Assert.Equal(LogLevel.Information, Assert.Single(_log.Entries).Level);
        Assert.Same(result, _reloader.LastResult);
    }

    [Fact]
    public async Task ReloadAsync_UnchangedContent_FiresNothing()
    {
        _folder.Replace(Name, Good);

        Assert.True((await _reloader.ReloadAsync(CancellationToken.None)).Succeeded);

        Assert.Empty(Applied());
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public async Task ReloadAsync_ListenerCannotBeOpened_KeepsTheLiveValues()
    {
        _checker.Check = _ => [new ConfigError("WmProxy:Streams:a:Listen", "is in use")];
        _folder.Write(Name, """{ "a": "2", "b": "2" }""");

        var refused = await _reloader.ReloadAsync(CancellationToken.None);
        _checker.Check = _ => [];
        var again = await _reloader.ReloadAsync(CancellationToken.None);

        Assert.Equal("WmProxy:Streams:a:Listen", Assert.Single(refused.Errors).Path);
        Assert.True(again.Succeeded);
        Assert.Equal("2/2", Assert.Single(Applied()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"a\": \"2\", ")]
    [InlineData(null)]
    public async Task ReloadAsync_UnusableFile_KeepsTheLiveValuesAndIsLoggedOnce(string? content)
    {
        Put(content);

        var first = await _reloader.ReloadAsync(CancellationToken.None);
        var second = await _reloader.ReloadAsync(CancellationToken.None);

        Assert.False(first.Succeeded);
        Assert.Equal(first.Errors, second.Errors);
        Assert.Empty(Applied());
        Assert.Equal("1", _live["a"]);
        var (level, message) = Assert.Single(_log.Entries);
        Assert.Equal(LogLevel.Error, level);
        Assert.Contains(_folder.File(Name), message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReloadAsync_CheckerFindsErrors_KeepsTheLiveValuesAndReportsAll()
    {
        _checker.Check = _ => [new ConfigError("WmProxy:X", "is unknown"), new ConfigError("WmProxy:Y", "is wrong")];
        _folder.Write(Name, """{ "a": "2", "b": "2" }""");

        var result = await _reloader.ReloadAsync(CancellationToken.None);

        Assert.Equal(2, result.Errors.Count);
        Assert.Empty(Applied());
        var message = Assert.Single(_log.Entries).Message;
        Assert.Contains("WmProxy:X: is unknown", message, StringComparison.Ordinal);
        Assert.Contains("WmProxy:Y: is wrong", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReloadAsync_Candidate_HasTheFileAndTheOverrides()
    {
        var candidate = "";
        _checker.Check = configuration =>
        {
            candidate = $"{configuration["a"]}, {configuration["fixed"]}";
            return [];
        };
        _folder.Write(Name, """{ "a": "2", "fixed": "by the file" }""");

        await _reloader.ReloadAsync(CancellationToken.None);

        Assert.Equal("2, by --set", candidate);
        Assert.Equal("by --set", _live["fixed"]);
    }

    [Fact]
    public async Task ReloadAsync_GoodAfterBad_IsApplied()
    {
        Put("");
        await _reloader.ReloadAsync(CancellationToken.None);
        Put("""{ "a": "3", "b": "3" }""");

        Assert.True((await _reloader.ReloadAsync(CancellationToken.None)).Succeeded);

        Assert.Equal("3/3", Assert.Single(Applied()));
    }

    [Fact]
    public async Task ReloadAsync_RestoredAfterBad_FiresNothingAndSaysSo()
    {
        Put(null);
        await _reloader.ReloadAsync(CancellationToken.None);
        Put(Good);

        Assert.True((await _reloader.ReloadAsync(CancellationToken.None)).Succeeded);

        Assert.Empty(Applied());
        Assert.Equal([LogLevel.Error, LogLevel.Information], _log.Entries.Select(entry => entry.Level));
        Assert.True(_reloader.LastResult!.Succeeded);
    }

    [Fact]
    public async Task ReloadAsync_NewEndpointWhosePortIsInUse_IsRefusedThenTakenWhenFree()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var url = $"http://{other.LocalEndpoint}";
        Put($$"""{ "a": "2", "Kestrel": { "Endpoints": { "web": { "Url": "{{url}}" } } } }""");

        var refused = await _reloader.ReloadAsync(CancellationToken.None);
        other.Stop();
        var taken = await _reloader.ReloadAsync(CancellationToken.None);

        var error = Assert.Single(refused.Errors);
        Assert.Equal("Kestrel:Endpoints:web:Url", error.Path);
        Assert.StartsWith($"{url} is in use by ", error.Message, StringComparison.Ordinal);
        Assert.True(taken.Succeeded);
        Assert.Equal("2", _live["a"]);
    }

    [Fact]
    public async Task Watching_RenamedOver_IsApplied()
    {
        await _reloader.StartAsync(CancellationToken.None);

        _folder.Replace(Name, """{ "a": "2", "b": "2" }""");

        Assert.Equal("2/2", await NextAsync());
        await _reloader.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Watching_EmptiedDeletedAndRestored_TakesTheGoodOneOnly()
    {
        await _reloader.StartAsync(CancellationToken.None);

        Put("");
        Put(null);
        Put("""{ "a": "4", "b": "4" }""");

        Assert.Equal("4/4", await NextAsync());
        await _reloader.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Watching_WrittenInHalvesWithoutPause_NeverShowsHalfAConfiguration()
    {
        var checkedValues = new ConcurrentQueue<string>();
        _checker.Check = configuration =>
        {
            checkedValues.Enqueue($"{configuration["a"]}/{configuration["b"]}");
            return configuration["a"] == configuration["b"] ? [] : [new ConfigError("a", "differs from b")];
        };
        await _reloader.StartAsync(CancellationToken.None);

        var last = "";
        for (var version = 0; version < 400; version++)
        {
            // Truncated, half, whole: three changes, each visible to a reader.
            var half = $$"""{ "a": "{{version}}", """;
            Put(half);
            File.AppendAllText(_folder.File(Name), $$""" "b": "{{version}}" }""");
            last = $"{version}/{version}";
        }

        string seen;
        do
        {
            seen = await NextAsync();
            var parts = seen.Split('/');
            Assert.Equal(parts[0], parts[1]);
        }
        while (seen != last);

        Assert.Contains(last, checkedValues);
        await _reloader.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Watching_CheckerThrows_GoesOnWatching()
    {
        var failed = new TaskCompletionSource();
        _checker.Check = _ =>
        {
            failed.TrySetResult();
            throw new InvalidOperationException("a fault");
        };
        await _reloader.StartAsync(CancellationToken.None);
        Put("""{ "a": "2", "b": "2" }""");
        await failed.Task.WaitAsync(Hang);

        _checker.Check = _ => [];
        Put("""{ "a": "5", "b": "5" }""");

        Assert.Equal("5/5", await NextAsync());
        await _reloader.StopAsync(CancellationToken.None);
    }

    private void Put(string? content)
    {
        if (content is null)
        {
            File.Delete(_folder.File(Name));
        }
        else
        {
            _folder.Write(Name, content);
        }
    }

    private string[] Applied()
    {
        _applied.Writer.Complete();
        return [.. _applied.Reader.ReadAllAsync().ToBlockingEnumerable()];
    }

    private async Task<string> NextAsync() => await _applied.Reader.ReadAsync().AsTask().WaitAsync(Hang);
}
