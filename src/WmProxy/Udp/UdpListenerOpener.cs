using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using WmProxy.Configuration;
using WmProxy.Listeners;
using WmProxy.Relay.Linux;
using WmProxy.Udp.Linux;
using WmProxy.Udp.Portable;

namespace WmProxy.Udp;

/// <summary>Opens addresses that take datagrams, on the engine that their model asks for.</summary>
internal sealed class UdpListenerOpener : IListenerOpener
{
    private readonly ConditionalWeakTable<object, object> _batches = [];
    private readonly UdpSessions _sessions;
    private readonly LinuxEngine _linux;

    public UdpListenerOpener(UdpSessions sessions, LinuxEngine linux)
    {
        _sessions = sessions;
        _linux = linux;
    }

    public Type ModelType => typeof(UdpListenerModel);

    public IBoundListener Open(ListenerModel model)
    {
        var udp = (UdpListenerModel)model;
        return new UdpListener(udp, (address, listener, receivers) =>
        {
            if (OperatingSystem.IsLinux() && _linux.TryGetLoops(udp.Engine, out var loops))
            {
                return OpenOn(loops, address, listener, receivers);
            }

            return [.. UdpSockets.Open(address, isShareable: false).Select(socket => new PortableUdpReceiver(listener, receivers, _sessions, socket))];
        });
    }

    [SupportedOSPlatform("linux")]
    private List<IUdpReceiver> OpenOn(IReadOnlyList<EventLoop> loops, ListenAddress address, UdpListener listener, UdpReceivers receivers)
    {
        var all = new List<IUdpReceiver>();
        var firsts = UdpSockets.Open(address, isShareable: true);
        try
        {
            foreach (var first in firsts)
            {
                foreach (var loop in loops)
                {
                    var batches = (LinuxUdpBatches)_batches.GetValue(loop, static loop => new LinuxUdpBatches((EventLoop)loop));
                    all.Add(new LinuxUdpReceiver(listener, receivers, _sessions, batches, loop == loops[0] ? first : UdpSockets.OpenShare(first)));
                }

                UdpSockets.Discard(first);
            }

            return all;
        }
        catch
        {
            all.ForEach(receiver => receiver.Close());
            foreach (var first in firsts)
            {
                first.Dispose();
            }

            throw;
        }
    }
}
