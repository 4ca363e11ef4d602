using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using WmProxy.Configuration;

namespace WmProxy.Listeners;

/// <summary>A change of listeners that is prepared: either <see cref="Commit"/> or <see cref="Rollback"/> follows.</summary>
internal sealed class StagedListeners
{
    private readonly ListenerHost _host;
    private readonly IReadOnlyList<ListenerModel> _models;
    private readonly Dictionary<string, IBoundListener> _kept;
    private readonly List<IBoundListener> _held;
    private readonly List<IBoundListener> _opened;
    private readonly List<IBoundListener> _removed;
    private readonly List<IBoundListener> _draining;
    private readonly List<IBoundListener> _closedEarly = [];

    /// <param name="host">The host.</param>
    /// <param name="models">Everything that there is to be.</param>
    /// <param name="kept">What stays as it is.</param>
    /// <param name="held">What was removed before, and is to come back before its address was given up.</param>
    /// <param name="opened">What is opened, and added to this list, before either.</param>
    /// <param name="removed">What is to go.</param>
    /// <param name="draining">What was removed before, and may still have its address.</param>
    public StagedListeners(
        ListenerHost host, IReadOnlyList<ListenerModel> models, Dictionary<string, IBoundListener> kept, List<IBoundListener> held, List<IBoundListener> opened,
        List<IBoundListener> removed, List<IBoundListener> draining)
    {
        _host = host;
        _models = models;
        _kept = kept;
        _held = held;
        _opened = opened;
        _removed = removed;
        _draining = draining;
    }

    /// <summary>Replaces what runs on the kept addresses, starts the new ones and closes the removed ones.</summary>
    /// <param name="announce">Whether the log names what was opened.</param>
    public void Commit(bool announce = true)
    {
        foreach (var model in _models)
        {
            if (_kept.TryGetValue(model.Key, out var listener))
            {
                listener.Model = model;
            }
            else if (_held.Find(held => held.Key == model.Key) is { } returning)
            {
                returning.Model = model;
                returning.Resume();
            }
        }

        foreach (var listener in _removed.Except(_closedEarly))
        {
            listener.Drain();
        }

        var all = new Dictionary<string, IBoundListener>(_kept);
        foreach (var listener in _held.Concat(_opened))
        {
            all.Add(listener.Key, listener);
        }

        _host.Commit(all, _opened, _removed, announce);
    }

    /// <summary>Closes what was opened; everything is as it was before.</summary>
    public void Rollback()
    {
        foreach (var listener in _opened)
        {
            listener.Close();
        }

        foreach (var listener in _held)
        {
            listener.Release();
        }

        foreach (var listener in _closedEarly)
        {
            try
            {
                listener.Reopen();
            }
            catch (Exception ex) when (ex is SocketException or IOException)
            {
                // Another process took the port in that moment; the next reload tries again.
                _host.Lose(listener, ex);
            }
        }
    }

    /// <summary>Whether a listener that is to be removed, or was, has the port of <paramref name="address"/>.</summary>
    public bool IsTakenByRemoved(ListenAddress address) => On(address, _removed).Concat(On(address, _draining)).Any();

    /// <summary>
    /// Closes the listeners that are to be removed, or were, and that stand in the way of <paramref name="address"/> ahead of time;
    /// <see langword="false"/> when there are none.
    /// </summary>
    public bool CloseRemovedOn(ListenAddress address)
    {
        var inTheWay = On(address, _removed).Except(_closedEarly).ToList();
        foreach (var listener in inTheWay)
        {
            listener.Close();
            _closedEarly.Add(listener);
        }

        // These are not to come back, whatever becomes of the change.
        var draining = On(address, _draining).Where(listener => listener.IsBound).ToList();
        draining.ForEach(listener => listener.Close());
        return inTheWay.Count + draining.Count > 0;
    }

    private static IEnumerable<IBoundListener> On(ListenAddress address, IEnumerable<IBoundListener> listeners) =>
        listeners.Where(listener => address.Scheme != ListenScheme.Unix && address.FirstPort != 0 && listener.Port == address.FirstPort
            && listener.Model.Address.IsUdp == address.IsUdp);
}
