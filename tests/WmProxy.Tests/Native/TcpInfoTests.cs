using System;
using System.Buffers.Binary;
using WmProxy.Native;

namespace WmProxy.Tests.Native;

public sealed class TcpInfoTests
{
    private const byte Established = 1; // TCP_ESTABLISHED of netinet/tcp.h
    private const byte Closed = 7; // TCP_CLOSE

    [Theory]
    [InlineData(Established, false)]
    [InlineData(8, false)]
    [InlineData(Closed, true)]
    public void IsClosed_State_IsItsFirstByte(byte state, bool isClosed) => Assert.Equal(isClosed, new TcpInfo([state]).IsClosed);

    // The offsets of linux/tcp.h: tcpi_unacked 24, tcpi_bytes_acked 120, tcpi_notsent_bytes 144.
    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(1, 0, 77L)]
    [InlineData(0, 1, 77L)]
    public void AcknowledgedWhilePending_SomethingOnItsWay_IsWhatWasAcknowledged(int unacknowledged, int unsent, long? expected)
    {
        var bytes = new byte[TcpInfo.Size];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), unacknowledged);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(120), 77);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(144), unsent);

        Assert.Equal(expected, new TcpInfo(bytes).AcknowledgedWhilePending);
    }

    [Fact]
    public void AcknowledgedWhilePending_KernelThatTellsLess_IsUnknown() => Assert.Null(new TcpInfo(new byte[104]).AcknowledgedWhilePending);
}
