using System;
using System.Collections.Frozen;
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
    private readonly FrozenDictionary<Type, IListenerOpener> _openers;
    private readonly ConnectionTable _connections;
    private readonly ILogger _logger;
    private Dictionary<string, IBoundListener> _listeners = [];
    private Description? _described;

    // Those that were removed and may still have their addresses, for the sake of what they took before.
    private List<IBoundListener> _draining = [];

    public ListenerHost(IEnumerable<IListenerOpener> openers, ConnectionTable connections, ILogger<ListenerHost> logger)
    {
        _openers = openers.ToFrozenDictionary(opener => opener.ModelType);
        _connections = connections;
        _logger = logger;
    }

    /// <summary>The same list as long as nothing changes, so that whoever asks often can tell.</summary>
    public IReadOnlyList<ListenerInfo> GetListeners()
    {
        var listeners = Volatile.Read(ref _listeners);
        if (Volatile.Read(ref _described) is not { } described || !ReferenceEquals(described.Listeners, listeners))
        {
            described = new Description(listeners, [.. listeners.Values.SelectMany(listener => listener.Describe())]);
            Volatile.Write(ref _described, described);
        }

        return described.Infos;
    }

    /// <summary>
    /// Opens what <paramref name="models"/> has and this host has not. Nothing else changes until the result is committed; when an address
    /// cannot be opened, <paramref name="errors"/> says so and the result is <see langword="null"/>. One caller at a time.
    /// </summary>
    public StagedListeners? Stage(IReadOnlyList<ListenerModel> models, IList<ConfigError> errors)
    {
        _draining = [.. _draining.Where(listener => listener.IsBound)];
        var kept = new Dictionary<string, IBoundListener>();
        var held = new List<IBoundListener>();
        var opened = new List<IBoundListener>();
        var removed = new Dictionary<string, IBoundListener>(_listeners);
        var missing = new List<ListenerModel>();
        foreach (var model in models)
        {
            // One that could not be opened again after a rollback is opened now.
            if (removed.Remove(model.Key, out var listener) && listener.IsOpen)
            {
                kept.Add(model.Key, listener);
            }
            else if (_draining.Find(draining => draining.Key == model.Key && draining.TryHold()) is { } returning)
            {
                held.Add(returning);
            }
            else
            {
                missing.Add(model);
            }
        }

        var staged = new StagedListeners(this, models, kept, held, opened, [.. removed.Values], [.. _draining.Except(held)]);
        var before = errors.Count;

        // Those that stand in nobody's way first: no listener of ours is closed for the sake of a change that cannot be made.
        foreach (var model in missing.Where(model => !staged.IsTakenByRemoved(model.Address)))
        {
            Open(model, () => false);
        }

        foreach (var model in errors.Count > before ? [] : missing.Where(model => staged.IsTakenByRemoved(model.Address)).ToList())
        {
            // Not all that share a port are in each other's way: 127.0.0.1:80 and 127.0.0.2:80 are not, 127.0.0.1:80 and *:80 are.
            Open(model, () => staged.CloseRemovedOn(model.Address));
        }

        if (errors.Count > before)
        {
            staged.Rollback();
            return null;
        }

        return staged;

        void Open(ListenerModel model, Func<bool> makeRoom)
        {
            if (TryOpen(model, makeRoom, errors) is { } listener)
            {
                opened.Add(listener);
            }
        }
    }

    /// <summary>Whether all of <paramref name="models"/> are open.</summary>
    public bool HasAll(IReadOnlyList<ListenerModel> models) => models.All(model => _listeners.ContainsKey(model.Key));

    /// <summary>
    /// Opens and closes what <paramref name="models"/> has and this host has not, and says what cannot be opened. Where one of our own that is to
    /// go is in the way, nothing can be said before it is gone. Not while something is staged.
    /// </summary>
    public void Check(IReadOnlyList<ListenerModel> models, IList<ConfigError> errors)
    {
        var keys = models.Select(model => model.Key).ToHashSet();
        var missing = models.Where(model => !_listeners.ContainsKey(model.Key)).ToList();
        var leaving = _listeners.Values.Where(listener => !keys.Contains(listener.Key)).Concat(_draining).Select(listener => (listener.Port, listener.Model.Address.IsUdp)).ToHashSet();
        foreach (var model in missing.Where(model => model.Address.Scheme == ListenScheme.Unix || !leaving.Contains((model.Address.FirstPort, model.Address.IsUdp))))
        {
            TryOpen(model, () => false, errors)?.Close();
        }
    }

    /// <summary>Stops accepting and waits for the live connections and sessions; those left after <paramref name="timeout"/> are ended.</summary>
    public async Task StopAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var listeners = Interlocked.Exchange(ref _listeners, []).Values;
        foreach (var listener in listeners)
        {
            listener.Drain();
        }

        if (_connections.Count > 0)
        {
            Log.Draining(_logger, _connections.Count, timeout);
        }

        await _connections.DrainAllAsync(timeout, cancellationToken);
        foreach (var listener in listeners.Concat(_draining))
        {
            listener.Close();
        }
    }

    internal void Commit(Dictionary<string, IBoundListener> listeners, IReadOnlyList<IBoundListener> opened, IReadOnlyList<IBoundListener> removed, bool announce)
    {
        Volatile.Write(ref _listeners, listeners);
        _draining = [.. _draining.Concat(removed).Where(listener => listener.IsBound && !listener.IsOpen)];
        foreach (var listener in opened)
        {
            listener.Start();
            if (announce)
            {
                Log.ListenerOpened(_logger, listener.Name, listener.Model.Purpose);
            }
        }

        foreach (var listener in removed)
        {
            Log.ListenerClosed(_logger, listener.Name);
        }
    }

    /// <summary>Forgets a listener whose address went to somebody else, so that the next change opens it again.</summary>
    internal void Lose(IBoundListener listener, Exception exception)
    {
        var rest = new Dictionary<string, IBoundListener>(_listeners);
        rest.Remove(listener.Key);
        Volatile.Write(ref _listeners, rest);
        Log.ListenerLost(_logger, listener.Model.ConfigPath, ListenerErrors.Describe(listener.Model.Address, exception));
    }

    private IBoundListener? TryOpen(ListenerModel model, Func<bool> makeRoom, IList<ConfigError> errors)
    {
        try
        {
            try
            {
                return _openers[model.GetType()].Open(model);
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressAlreadyInUse && makeRoom())
            {
                // It was our own: 127.0.0.1:80 becomes *:80.
                return _openers[model.GetType()].Open(model);
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or UnauthorizedAccessException)
        {
            errors.Add(new ConfigError(model.ConfigPath, ListenerErrors.Describe(model.Address, ex)));
            return null;
        }
    }

    private sealed record Description(Dictionary<string, IBoundListener> Listeners, IReadOnlyList<ListenerInfo> Infos);

    private static partial class Log
    {
        [LoggerMessage(EventIds.ListenerOpened, LogLevel.Information, "Listening {address} ({purpose})", EventName = nameof(ListenerOpened))]
        public static partial void ListenerOpened(ILogger logger, string address, string purpose);

        [LoggerMessage(EventIds.ListenerClosed, LogLevel.Information, "Closed {address}", EventName = nameof(ListenerClosed))]
        public static partial void ListenerClosed(ILogger logger, string address);

        [LoggerMessage(EventIds.ListenerLost, LogLevel.Error, "{path} could not be opened again: {error} The next reload tries again.", EventName = nameof(ListenerLost))]
        public static partial void ListenerLost(ILogger logger, string path, string error);

        [LoggerMessage(EventIds.Draining, LogLevel.Information, "Live connections: {count}; they have {timeout} to end", EventName = nameof(Draining))]
        public static partial void Draining(ILogger logger, int count, TimeSpan timeout);
    }
}
