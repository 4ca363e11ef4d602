using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using WmProxy.Configuration;
using WmProxy.Listeners;

namespace WmProxy.Udp;

/// <summary>
/// An open address that takes datagrams. Its sessions need its sockets for their replies, so that these stay open after <see cref="Drain"/> until the last of
/// them has ended, or until somebody else needs the address.
/// </summary>
internal sealed class UdpListener : IBoundListener
{
    private readonly Func<ListenAddress, UdpListener, UdpReceivers, IReadOnlyList<IUdpReceiver>> _open;
    private UdpReceivers _receivers;
    private UdpListenerModel _model;
    private int _isOpen = 1;

    /// <summary>Opens the address of <paramref name="model"/> with <paramref name="open"/>.</summary>
    public UdpListener(UdpListenerModel model, Func<ListenAddress, UdpListener, UdpReceivers, IReadOnlyList<IUdpReceiver>> open)
    {
        _model = model;
        _open = open;
        _receivers = Open(model.Address);
        Name = string.Join(", ", Describe().Select(info => info.Address));
    }

    public string Key => _model.Key;

    public string Name { get; }

    ListenerModel IBoundListener.Model
    {
        get => Model;
        set => Volatile.Write(ref _model, (UdpListenerModel)value);
    }

    /// <summary>What applies to sessions that begin from now on.</summary>
    public UdpListenerModel Model => Volatile.Read(ref _model);

    public bool IsOpen => Volatile.Read(ref _isOpen) != 0;

    public bool IsBound => _receivers.IsOpen;

    public int Port => _receivers.All[0].EndPoint.Port;

    public IEnumerable<ListenerInfo> Describe()
    {
        var model = Model;
        return _receivers.All.Select(receiver => receiver.EndPoint).Distinct().Select(endPoint => new ListenerInfo(
            BoundListener.Describe(model.Address, endPoint), model.Address.ToString(), model.StreamIds));
    }

    public void Start() => _receivers.ForEach(static receiver => receiver.Start());

    public void Drain()
    {
        if (Interlocked.Exchange(ref _isOpen, 0) != 0)
        {
            _receivers.ForEach(static receiver => receiver.Drain());
            _receivers.Leave();
        }
    }

    public bool TryHold() => _receivers.TryEnter();

    public void Release() => _receivers.Leave();

    public void Resume()
    {
        Volatile.Write(ref _isOpen, 1);
        _receivers.ForEach(static receiver => receiver.Resume());
    }

    public void Close()
    {
        Interlocked.Exchange(ref _isOpen, 0);
        _receivers.Close();
    }

    public void Reopen()
    {
        _receivers = Open(Model.Address with { FirstPort = Port, LastPort = Port });
        Volatile.Write(ref _isOpen, 1);
        Start();
    }

    /// <summary>A session of <paramref name="receivers"/> wants to begin; <see langword="false"/> when there are to be no more. Otherwise it has to leave once.</summary>
    public bool TryEnter(UdpReceivers receivers)
    {
        if (!IsOpen || !receivers.TryEnter())
        {
            return false;
        }

        if (IsOpen)
        {
            return true;
        }

        // Drained or closed meanwhile: whoever did that may not have seen it.
        receivers.Leave();
        return false;
    }

    private UdpReceivers Open(ListenAddress address)
    {
        var receivers = new UdpReceivers();
        receivers.All = _open(address, this, receivers);
        return receivers;
    }
}
