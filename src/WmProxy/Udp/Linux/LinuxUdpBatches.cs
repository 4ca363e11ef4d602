using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Udp.Linux;

/// <summary>The memory through which all datagrams of one loop go, whatever the number of listeners and sessions.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUdpBatches
{
    public LinuxUdpBatches(EventLoop loop)
    {
        Loop = loop;
        Replies = new LinuxUdpReplies(loop);
    }

    public EventLoop Loop { get; }

    public DatagramBatch Requests { get; } = new();

    public LinuxUdpReplies Replies { get; }
}
