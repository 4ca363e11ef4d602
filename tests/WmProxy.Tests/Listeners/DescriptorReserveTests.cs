using System.Net.Sockets;
using WmProxy.Listeners;

namespace WmProxy.Tests.Listeners;

public sealed class DescriptorReserveTests
{
    [Theory]
    [InlineData(256, 16)]
    [InlineData(1024, 64)]
    [InlineData(4096, 256)]
    [InlineData(1_048_576, 1024)]
    public void SizeFor_Limit_KeepsEnoughForThreadsAndLeavesMostForConnections(long limit, long expected) =>
        Assert.Equal(expected, DescriptorReserve.SizeFor(limit));

    [Fact]
    public void IsTouched_FewSocketsOpen_IsFalse()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        Assert.False(DescriptorReserve.IsTouchedBy(socket));
        Assert.False(DescriptorReserve.IsTouched());
    }
}
