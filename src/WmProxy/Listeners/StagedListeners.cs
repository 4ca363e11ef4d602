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
    private readonly List<IBoundListener> _opened;
    private readonly List<IBoundListener> _removed;
    private readonly List<IBoundListener> _closedEarly = [];

    public StagedListeners(
        ListenerHost host, IReadOnlyList<ListenerModel> models, Dictionary<string, IBoundListener> kept, List<IBoundListener> opened, List<IBoundListener> removed)
    {
        _host = host;
        _models = models;
        _kept = kept;
        _opened = opened;
        _removed = removed;
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
        }

        foreach (var listener in _removed.Except(_closedEarly))
        {
            listener.Close();
        }

        var all = new Dictionary<string, IBoundListener>(_kept);
        foreach (var listener in _opened)
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

    /// <summary>Whether a listener that is to be removed has the port of <paramref name="address"/>.</summary>
    public bool IsTakenByRemoved(ListenAddress address) => RemovedOn(address).Any();

    /// <summary>
    /// Closes the listeners that are to be removed and that stand in the way of <paramref name="address"/> ahead of time;
    /// <see langword="false"/> when there are none.
    /// </summary>
    public bool CloseRemovedOn(ListenAddress address)
    {
        var inTheWay = RemovedOn(address).Except(_closedEarly).ToList();
        foreach (var listener in inTheWay)
        {
            listener.Close();
            _closedEarly.Add(listener);
        }

        return inTheWay.Count > 0;
    }

    private IEnumerable<IBoundListener> RemovedOn(ListenAddress address) =>
        _removed.Where(listener => address.Scheme != ListenScheme.Unix && address.FirstPort != 0 && listener.Port == address.FirstPort
            && listener.Model.Address.IsUdp == address.IsUdp);
}
