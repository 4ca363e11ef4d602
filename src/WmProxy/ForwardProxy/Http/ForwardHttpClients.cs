using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy.Http;

/// <summary>
/// A client of HTTP for each rule, so that a connection which one rule allowed, through its parents, is never used by a request that another rule decides. The
/// clients of rules that no request goes by any more, as after a reload, are closed after a while.
/// </summary>
internal sealed class ForwardHttpClients : IDisposable
{
    private static readonly TimeSpan ConnectionIdleTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(ForwardProxyState Proxy, ForwardRule Rule), Entry> _entries = [];
    private readonly UpstreamDialer _dialer;
    private readonly TimeProvider _timeProvider;
    private readonly bool _isPinned;
    private ITimer? _timer;
    private bool _disposed;

    public ForwardHttpClients(UpstreamDialer dialer, TimeProvider timeProvider, bool isPinned)
    {
        _dialer = dialer;
        _timeProvider = timeProvider;
        _isPinned = isPinned;
    }

    /// <summary>How many clients there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>The client for what <paramref name="rule"/> allows. It lives until <see cref="Return"/>, at least.</summary>
    public HttpMessageInvoker Rent(ForwardProxyModel proxy, ForwardRule rule)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_entries.TryGetValue((proxy.State, rule), out var entry))
            {
                _entries.Add((proxy.State, rule), entry = new Entry(CreateInvoker()));
                _timer ??= StartTimer();
            }

            entry.Users++;
            return entry.Invoker;
        }
    }

    public void Return(ForwardProxyModel proxy, ForwardRule rule)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue((proxy.State, rule), out var entry))
            {
                entry.Users--;
                entry.LastUsed = _timeProvider.GetTimestamp();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer?.Dispose();
            foreach (var (_, entry) in _entries)
            {
                entry.Invoker.Dispose();
            }

            _entries.Clear();
        }
    }

    private ITimer StartTimer()
    {
        // The timer would keep the execution context of whichever request came first.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            return _timeProvider.CreateTimer(static clients => ((ForwardHttpClients)clients!).Trim(), this, TrimInterval, TrimInterval);
        }
    }

    private void Trim()
    {
        lock (_lock)
        {
            foreach (var (key, entry) in _entries.ToArray())
            {
                if (entry.Users == 0 && _timeProvider.GetElapsedTime(entry.LastUsed) >= ConnectionIdleTimeout)
                {
                    _entries.Remove(key);
                    entry.Invoker.Dispose();
                }
            }

            if (_entries.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }

    private HttpMessageInvoker CreateInvoker() => new(new UpstreamMessageHandler(new SocketsHttpHandler
    {
        ConnectCallback = _dialer.ConnectAsync,
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = ConnectionIdleTimeout,
        PooledConnectionLifetime = ConnectionLifetime,
        MaxConnectionsPerServer = _isPinned ? 1 : int.MaxValue,

        // Bytes go through as they came, whatever encoding they were meant in.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    }));

    private sealed class Entry(HttpMessageInvoker invoker)
    {
        public HttpMessageInvoker Invoker { get; } = invoker;

        public int Users { get; set; }

        public long LastUsed { get; set; }
    }
}
