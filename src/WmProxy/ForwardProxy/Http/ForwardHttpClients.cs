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
/// A client of HTTP for each rule, so that a connection which one rule allowed, through its parents, is never used by a request that another rule decides; and
/// one more, that keeps no connection, for when there are too many. The clients of rules that no request goes by any more, as after a reload, are closed after a while.
/// </summary>
internal sealed class ForwardHttpClients : IDisposable
{
    private static readonly TimeSpan ConnectionIdleTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Key, Entry> _entries = [];
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

    /// <summary>The client for what the rule of <paramref name="request"/> allows. It lives until <see cref="Lease.Dispose"/>, at least.</summary>
    public Lease Rent(UpstreamRequest request)
    {
        var key = new Key(request.Proxy.State, request.Rule, IsKeeping: !_dialer.Connections.IsFull(request.Request.Client));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_entries.TryGetValue(key, out var entry))
            {
                _entries.Add(key, entry = new Entry(CreateInvoker(key.IsKeeping)));
                _timer ??= StartTimer();
            }

            entry.Users++;
            return new Lease(this, entry);
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

    private void Return(Entry entry)
    {
        lock (_lock)
        {
            entry.Users--;
            entry.LastUsed = _timeProvider.GetTimestamp();
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

    private HttpMessageInvoker CreateInvoker(bool isKeeping) => new(new UpstreamMessageHandler(new SocketsHttpHandler
    {
        ConnectCallback = _dialer.ConnectAsync,
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = ConnectionIdleTimeout,
        PooledConnectionLifetime = isKeeping ? ConnectionLifetime : TimeSpan.Zero,
        MaxConnectionsPerServer = _isPinned && isKeeping ? 1 : int.MaxValue,

        // Bytes go through as they came, whatever encoding they were meant in.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    }));

    /// <summary>A client in use.</summary>
    public readonly struct Lease : IDisposable
    {
        private readonly ForwardHttpClients _clients;
        private readonly Entry _entry;

        internal Lease(ForwardHttpClients clients, Entry entry) => (_clients, _entry) = (clients, entry);

        public HttpMessageInvoker Invoker => _entry.Invoker;

        public void Dispose() => _clients.Return(_entry);
    }

    private readonly record struct Key(ForwardProxyState Proxy, ForwardRule Rule, bool IsKeeping);

    internal sealed class Entry(HttpMessageInvoker invoker)
    {
        public HttpMessageInvoker Invoker { get; } = invoker;

        public int Users { get; set; }

        public long LastUsed { get; set; }
    }
}
