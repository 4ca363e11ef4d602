using System;

namespace WmProxy.Native;

/// <summary>What of TCP_INFO (tcp(7); struct tcp_info of linux/tcp.h, which only ever grows at its end) is of use here.</summary>
internal readonly struct TcpInfo
{
    public const int Option = 11; // TCP_INFO

    /// <summary>How many bytes to ask for where only <see cref="IsClosed"/> is wanted.</summary>
    public const int StateSize = 1;

    /// <summary>How many bytes to ask for.</summary>
    public const int Size = NotSentOffset + sizeof(int);

    // tcpi_unacked, tcpi_bytes_acked, tcpi_notsent_bytes; TCP_CLOSE of netinet/tcp.h.
    private const int UnacknowledgedOffset = 24;
    private const int AcknowledgedOffset = 120;
    private const int NotSentOffset = 144;
    private const byte TcpClose = 7;

    /// <param name="bytes">What the kernel gave: <see cref="StateSize"/> or <see cref="Size"/> bytes.</param>
    public TcpInfo(ReadOnlySpan<byte> bytes)
    {
        IsClosed = bytes[0] == TcpClose;
        if (bytes.Length >= Size
            && (BitConverter.ToInt32(bytes[UnacknowledgedOffset..]) != 0 || BitConverter.ToInt32(bytes[NotSentOffset..]) != 0))
        {
            AcknowledgedWhilePending = BitConverter.ToInt64(bytes[AcknowledgedOffset..]);
        }
    }

    /// <summary>Whether the connection is closed. A peer that ended its direction leaves us in CLOSE_WAIT; only a reset closes without our own FIN.</summary>
    public bool IsClosed { get; }

    /// <summary>The bytes that the peer has acknowledged, if others wait; <see langword="null"/> when none does.</summary>
    public long? AcknowledgedWhilePending { get; }
}
