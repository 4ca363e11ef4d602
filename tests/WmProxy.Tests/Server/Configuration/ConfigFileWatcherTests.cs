using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using WmProxy.Server.Configuration;

namespace WmProxy.Tests.Server.Configuration;

public sealed class ConfigFileWatcherTests : IDisposable
{
    private const string Name = "appsettings.json";
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WaitForChangeAsync_WrittenInPlace_Completes() => await AssertSeenAsync(() => File.AppendAllText(_folder.File(Name), " "));

    [Fact]
    public async Task WaitForChangeAsync_RenamedOver_Completes() => await AssertSeenAsync(() => _folder.Replace(Name, "{ }"));

    [Fact]
    public async Task WaitForChangeAsync_Deleted_Completes() => await AssertSeenAsync(() => File.Delete(_folder.File(Name)));

    [Fact]
    public async Task WaitForChangeAsync_LinkedFolderSwapped_Completes()
    {
        // As Kubernetes updates a mounted ConfigMap: appsettings.json -> ..data/appsettings.json, ..data -> a folder; the second link is replaced.
        foreach (var version in new[] { "v1", "v2" })
        {
            Directory.CreateDirectory(_folder.File(version));
            _folder.Write(Path.Combine(version, Name), $$"""{ "version": "{{version}}" }""");
        }

        File.SetLastWriteTimeUtc(_folder.File("v1/" + Name), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Directory.CreateSymbolicLink(_folder.File("..data"), "v1");
        File.CreateSymbolicLink(_folder.File(Name), Path.Combine("..data", Name));
        using var watcher = new ConfigFileWatcher(_folder.File(Name), TimeProvider.System);

        Directory.CreateSymbolicLink(_folder.File("..new"), "v2");
        Directory.Delete(_folder.File("..data"));
        Directory.Move(_folder.File("..new"), _folder.File("..data"));

        await watcher.WaitForChangeAsync(CancellationToken.None).AsTask().WaitAsync(Hang);
        Assert.Equal("v2", ConfigFileContent.Read(_folder.File(Name)).Values!["version"]);
    }

    [Fact]
    public async Task WaitForChangeAsync_FolderThatCannotBeWatched_IsPolled()
    {
        // The folder does not exist yet, so there is nothing to be notified about.
        var path = _folder.File(Path.Combine("later", Name));
        var time = new FakeTimeProvider();
        using var watcher = new ConfigFileWatcher(path, time);
        Assert.False(watcher.HasNotifications);
        Directory.CreateDirectory(_folder.File("later"));
        File.WriteAllText(path, "{ }");

        time.Advance(ConfigFileWatcher.PollInterval);
        time.Advance(ConfigFileWatcher.Settle);

        await watcher.WaitForChangeAsync(CancellationToken.None).AsTask().WaitAsync(Hang);
    }

    [Fact]
    public void WaitForChangeAsync_NothingChanged_DoesNotComplete()
    {
        _folder.Write(Name, "{}");
        var time = new FakeTimeProvider();
        using var watcher = new ConfigFileWatcher(_folder.File(Name), time);

        time.Advance(TimeSpan.FromMinutes(1));

        using var cancellation = new CancellationTokenSource();
        var waiting = watcher.WaitForChangeAsync(cancellation.Token);
        Assert.False(waiting.IsCompleted);
        cancellation.Cancel();
    }

    private async Task AssertSeenAsync(Action change)
    {
        _folder.Write(Name, "{}");
        using var watcher = new ConfigFileWatcher(_folder.File(Name), TimeProvider.System);
        Assert.True(watcher.HasNotifications);

        change();

        Assert.True(await watcher.WaitForChangeAsync(CancellationToken.None).AsTask().WaitAsync(Hang));
    }
}
