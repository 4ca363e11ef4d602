using System.Net;
using System.Text;

namespace WmProxy.Tests.Common;

/// <summary>A datagram that a test received.</summary>
public sealed record UdpDatagram(byte[] Payload, IPEndPoint From)
{
    public string Text => Encoding.UTF8.GetString(Payload);
}
