using System;
using System.Net.Sockets;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>What of a socket's bytes is on its way.</summary>
[SupportedOSPlatform("linux")]
internal static class TcpQueue
{
    /// <summary>Whether everything that was sent has arrived in the peer's receive buffer.</summary>
    public static bool IsDelivered(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[TcpInfo.Size];
        Assert.Equal(TcpInfo.Size, socket.GetRawSocketOption(LinuxSocket.TcpLevel, TcpInfo.Option, bytes));
        return new TcpInfo(bytes).AcknowledgedWhilePending is null;
    }
}
