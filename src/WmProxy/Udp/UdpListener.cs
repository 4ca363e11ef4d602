using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using WmProxy.Configuration;
using WmProxy.Listeners;

namespace WmProxy.Udp;

/// <summary>An open address that takes datagrams.</summary>
internal sealed class UdpListener : IBoundListener
{
    private readonly Func<ListenAddress, UdpListener, IReadOnlyList<IUdpReceiver>> _open;
    private IReadOnlyList<IUdpReceiver> _receivers;
    private UdpListenerModel _model;
    private int _isOpen = 1;

    /// <summary>Opens the address of <paramref name="model"/> with <paramref name="open"/>.</summary>
    public UdpListener(UdpListenerModel model, Func<ListenAddress, UdpListener, IReadOnlyList<IUdpReceiver>> open)
    {
        _model = model;
        _open = open;
        _receivers = open(model.Address, this);
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

    public int Port => _receivers[0].EndPoint.Port;

    public IEnumerable<ListenerInfo> Describe()
    {
        var model = Model;
        return _receivers.Select(receiver => receiver.EndPoint).Distinct().Select(endPoint => new ListenerInfo(
            BoundListener.Describe(model.Address, endPoint), model.Address.ToString(), model.StreamIds));
    }

    public void Start()
    {
        foreach (var receiver in _receivers)
        {
            receiver.Start();
        }
    }

    public void Close()
    {
        Interlocked.Exchange(ref _isOpen, 0);
        foreach (var receiver in _receivers)
        {
            receiver.Close();
        }
    }

    public void Reopen()
    {
        _receivers = _open(Model.Address with { FirstPort = Port, LastPort = Port }, this);
        Volatile.Write(ref _isOpen, 1);
        Start();
    }
}
