using System;
using System.IO;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace WmProxy.Server.Configuration;

/// <summary>
/// Says when a file may have changed. The operating system's notifications are quick; a look at its size and time every second is sure: it also sees
/// swapped symbolic links (Kubernetes), network file systems and folders that were replaced.
/// </summary>
internal sealed class ConfigFileWatcher : IDisposable
{
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(150);
    public static readonly TimeSpan LongestSettle = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly ChangeDebouncer _debouncer;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ITimer _poll;
    private readonly FileSystemWatcher? _notifications;
    private FileSignature _seen;

    public ConfigFileWatcher(string path, TimeProvider timeProvider)
    {
        _path = path;
        _debouncer = new ChangeDebouncer(timeProvider, Settle, LongestSettle, () => _changes.Writer.TryWrite(true));
        _seen = FileSignature.Of(path);
        _notifications = TryWatch(path);
        _poll = timeProvider.CreateTimer(static state => ((ConfigFileWatcher)state!).Poll(), this, PollInterval, PollInterval);
    }

    /// <summary>Whether changes are notified; otherwise they are seen by polling alone.</summary>
    public bool HasNotifications => _notifications is not null;

    /// <summary>Completes when the file has changed since the last call, and has come to rest.</summary>
    public ValueTask<bool> WaitForChangeAsync(CancellationToken cancellationToken) => _changes.Reader.ReadAsync(cancellationToken);

    public void Dispose()
    {
        _notifications?.Dispose();
        _poll.Dispose();
        _debouncer.Dispose();
    }

    private FileSystemWatcher? TryWatch(string path)
    {
        try
        {
            var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path))
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            watcher.Changed += (_, _) => _debouncer.Changed();
            watcher.Created += (_, _) => _debouncer.Changed();
            watcher.Deleted += (_, _) => _debouncer.Changed();
            watcher.Renamed += (_, _) => _debouncer.Changed();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // inotify's limits are small and shared by all of a user's processes.
            return null;
        }
    }

    private void Poll()
    {
        var now = FileSignature.Of(_path);
        if (now != _seen)
        {
            _seen = now;
            _debouncer.Changed();
        }
    }
}
