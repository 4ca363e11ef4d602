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

    /// <summary>For what is sent while <see cref="Requests"/> is in use.</summary>
    public DatagramBatch Kept { get; } = new(capacity: 1);

    public LinuxUdpReplies Replies { get; }
}
