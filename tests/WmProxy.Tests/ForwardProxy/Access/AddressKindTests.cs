using System.Net;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.Tests.ForwardProxy.Access;

public sealed class AddressKindTests
{
    [Theory]
    [InlineData("192.0.2.1", nameof(GuardReason.None))]
    [InlineData("10.0.0.1", nameof(GuardReason.None))]
    [InlineData("2001:db8::1", nameof(GuardReason.None))]
    [InlineData("fd00::1", nameof(GuardReason.None))]
    [InlineData("128.0.0.1", nameof(GuardReason.None))]
    [InlineData("126.255.255.255", nameof(GuardReason.None))]
    [InlineData("169.253.255.255", nameof(GuardReason.None))]
    [InlineData("240.0.0.1", nameof(GuardReason.None))]
    [InlineData("127.0.0.1", nameof(GuardReason.Loopback))]
    [InlineData("127.255.255.254", nameof(GuardReason.Loopback))]
    [InlineData("::1", nameof(GuardReason.Loopback))]
    [InlineData("0.0.0.0", nameof(GuardReason.Unspecified))]
    [InlineData("0.1.2.3", nameof(GuardReason.Unspecified))]
    [InlineData("::", nameof(GuardReason.Unspecified))]
    [InlineData("169.254.1.1", nameof(GuardReason.LinkLocal))]
    [InlineData("fe80::1", nameof(GuardReason.LinkLocal))]
    [InlineData("febf::1", nameof(GuardReason.LinkLocal))]
    [InlineData("169.254.169.254", nameof(GuardReason.CloudMetadata))]
    [InlineData("fd00:ec2::254", nameof(GuardReason.CloudMetadata))]
    [InlineData("100.100.100.200", nameof(GuardReason.CloudMetadata))]
    [InlineData("224.0.0.1", nameof(GuardReason.Multicast))]
    [InlineData("239.255.255.255", nameof(GuardReason.Multicast))]
    [InlineData("ff02::1", nameof(GuardReason.Multicast))]
    [InlineData("255.255.255.255", nameof(GuardReason.Broadcast))]

    // By way of IPv6: mapped, compatible, translated, NAT64, 6to4.
    [InlineData("::ffff:127.0.0.1", nameof(GuardReason.Loopback))]
    [InlineData("::127.0.0.1", nameof(GuardReason.Loopback))]
    [InlineData("::ffff:0:127.0.0.1", nameof(GuardReason.Loopback))]
    [InlineData("64:ff9b::127.0.0.1", nameof(GuardReason.Loopback))]
    [InlineData("64:ff9b::169.254.169.254", nameof(GuardReason.CloudMetadata))]
    [InlineData("64:ff9b:1::169.254.169.254", nameof(GuardReason.CloudMetadata))]
    [InlineData("2002:7f00:1::1", nameof(GuardReason.Loopback))]
    [InlineData("2002:a9fe:a9fe::", nameof(GuardReason.CloudMetadata))]
    [InlineData("64:ff9b::192.0.2.1", nameof(GuardReason.None))]
    [InlineData("2002:c000:201::1", nameof(GuardReason.None))]
    [InlineData("64:ff9c::127.0.0.1", nameof(GuardReason.None))]
    public void Find_Address_IsItsKind(string address, string expected) => Assert.Equal(expected, AddressKind.Find(IPAddress.Parse(address)).ToString());
}
