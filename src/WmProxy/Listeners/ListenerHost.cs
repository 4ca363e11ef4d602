using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Diagnostics;

namespace WmProxy.Listeners;

/// <summary>
/// Owns the L4 listeners: opens those that a configuration adds, keeps those it leaves alone, closes those it removes. Kestrel's endpoints
/// cannot half-close, cut a changed endpoint's connections and do not exist under every server (TestServer), which is why these are our own.
/// </summary>
internal sealed partial class ListenerHost : IListenerLookup
{
    private readonly ListenerContext _context;
    private readonly ConnectionTable _connections;
    private readonly ILogger _logger;
    private Dictionary<string, BoundListener> _listeners = [];

    public ListenerHost(ListenerContext context, ConnectionTable connections, ILogger<ListenerHost> logger)
    {
        _context = context;
        _connections = connections;
        _logger = logger;
    }

    public IReadOnlyList<ListenerInfo> GetListeners() => [.. Volatile.Read(ref _listeners).Values.SelectMany(listener => listener.Describe())];

    /// <summary>
    /// Opens what <paramref name="models"/> has and this host has not. Nothing else changes until the result is committed; when an address
    /// cannot be opened, <paramref name="errors"/> says so and the result is <see langword="null"/>. One caller at a time.
    /// </summary>
    public StagedListeners? Stage(IReadOnlyList<ListenerModel> models, IList<ConfigError> errors)
    {
        var kept = new Dictionary<string, BoundListener>();
        var opened = new List<BoundListener>();
        var removed = new Dictionary<string, BoundListener>(_listeners);
        var missing = new List<ListenerModel>();
        foreach (var model in models)
        {
            // One that could not be opened again after a rollback is opened now.
            if (removed.Remove(model.Key, out var listener) && listener.IsOpen)
            {
                kept.Add(model.Key, listener);
            }
            else
            {
                missing.Add(model);
            }
        }

        var staged = new StagedListeners(this, models, kept, opened, [.. removed.Values]);
        var failed = false;
        foreach (var model in missing)
        {
            if (TryOpen(model, staged, errors) is { } listener)
            {
                opened.Add(listener);
            }
            else
            {
                failed = true;
            }
        }

        if (failed)
        {
            staged.Rollback();
            return null;
        }

        return staged;
    }

    /// <summary>Stops accepting and waits for the live connections; those left after <paramref name="timeout"/> are ended.</summary>
    public async Task StopAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        foreach (var listener in Interlocked.Exchange(ref _listeners, []).Values)
        {
            listener.Close();
        }

        if (_connections.Count > 0)
        {
            Log.Draining(_logger, _connections.Count, timeout);
        }

        await _connections.DrainAllAsync(timeout, cancellationToken);
    }

    internal void Commit(Dictionary<string, BoundListener> listeners, IReadOnlyList<BoundListener> opened, IReadOnlyList<BoundListener> removed)
    {
        Volatile.Write(ref _listeners, listeners);
        foreach (var listener in opened)
        {
            listener.Start();
            Log.ListenerOpened(_logger, string.Join(", ", listener.Describe().Select(info => info.Address)), string.Join(", ", listener.Model.StreamIds));
        }

        foreach (var listener in removed)
        {
            Log.ListenerClosed(_logger, listener.Model.Address);
        }
    }

    private BoundListener? TryOpen(ListenerModel model, StagedListeners staged, IList<ConfigError> errors)
    {
        try
        {
            try
            {
                return BoundListener.Open(_context, model);
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressAlreadyInUse && staged.CloseRemovedOn(model.Address))
            {
                // It was our own: 127.0.0.1:80 becomes *:80.
                return BoundListener.Open(_context, model);
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or UnauthorizedAccessException)
        {
            errors.Add(new ConfigError(model.ConfigPath, ListenerErrors.Describe(model.Address, ex)));
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ListenerOpened, LogLevel.Information, "Listening {address} (stream {streams})", EventName = nameof(ListenerOpened))]
        public static partial void ListenerOpened(ILogger logger, string address, string streams);

        [LoggerMessage(EventIds.ListenerClosed, LogLevel.Information, "Closed {address}", EventName = nameof(ListenerClosed))]
        public static partial void ListenerClosed(ILogger logger, ListenAddress address);

        [LoggerMessage(EventIds.Draining, LogLevel.Information, "Waiting for {count} connections to end, at most {timeout}", EventName = nameof(Draining))]
        public static partial void Draining(ILogger logger, int count, TimeSpan timeout);
    }
}
