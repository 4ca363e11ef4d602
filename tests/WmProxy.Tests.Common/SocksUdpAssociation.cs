using System;
using System.Buffers.Binary;
using System.IO;
using System.Net;
using System.Text;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>A client of SOCKS 5 with <c>UDP ASSOCIATE</c> (RFC 1928 section 7): its TCP connection, and a socket for its datagrams.</summary>
public sealed class SocksUdpAssociation : IDisposable
{
    private readonly UdpPeer _datagrams;

    private SocksUdpAssociation(RawConnection control, IPEndPoint relay)
    {
        (Control, Relay) = (control, relay);
        _datagrams = new UdpPeer(((IPEndPoint)control.LocalEndPoint).Address.ToString());
    }

    public RawConnection Control { get; }

    /// <summary>Where the proxy takes datagrams, as it says.</summary>
    public IPEndPoint Relay { get; }

    /// <param name="proxy">The proxy.</param>
    /// <param name="user">Name and password, for a proxy that asks for them.</param>
    public static async Task<SocksUdpAssociation> StartAsync(EndPoint proxy, (string Name, string Password)? user = null)
    {
        var control = await RawClient.ConnectAsync(proxy);
        try
        {
            await control.SendAsync((byte[])[5, 1, user is null ? (byte)0 : (byte)2]);
            await ExpectAsync(control, [5, user is null ? (byte)0 : (byte)2]);
            if (user is var (name, password))
            {
                await control.SendAsync((byte[])[1, .. WithLength(name), .. WithLength(password)]);
                await ExpectAsync(control, [1, 0]);
            }

            // The port that the client will send from is not known yet (0).
            await control.SendAsync((byte[])[5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
            await ExpectAsync(control, [5, 0, 0]);
            var rest = await control.ReadExactlyAsync((await control.ReadExactlyAsync(1))[0] == 1 ? 6 : 18);
            return new SocksUdpAssociation(control, new IPEndPoint(new IPAddress(rest.AsSpan()[..^2]), BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan()[^2..])));
        }
        catch
        {
            control.Dispose();
            throw;
        }
    }

    public void Send(ReadOnlySpan<byte> payload, IPEndPoint destination) => Send([1, .. destination.Address.GetAddressBytes()], destination.Port, payload);

    public void Send(ReadOnlySpan<byte> payload, string name, int port) => Send([3, .. WithLength(name)], port, payload);

    /// <summary>Waits for the next datagram; returns its payload, and whom the proxy says that it is from.</summary>
    public async Task<UdpDatagram> ReceiveAsync()
    {
        var received = await _datagrams.ReceiveAsync();
        if (!received.From.Equals(Relay) || received.Payload is not [0, 0, 0, 1 or 4, ..])
        {
            throw new InvalidDataException($"From {received.From}: {Convert.ToHexString(received.Payload)}");
        }

        var end = received.Payload[3] == 1 ? 8 : 20;
        var from = new IPEndPoint(new IPAddress(received.Payload.AsSpan(4..end)), BinaryPrimitives.ReadUInt16BigEndian(received.Payload.AsSpan(end)));
        return new UdpDatagram(received.Payload[(end + 2)..], from);
    }

    public void Dispose()
    {
        Control.Dispose();
        _datagrams.Dispose();
    }

    private void Send(byte[] host, int port, ReadOnlySpan<byte> payload) =>
        _datagrams.Send([0, 0, 0, .. host, (byte)(port >> 8), (byte)port, .. payload], Relay);

    private static byte[] WithLength(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)bytes.Length, .. bytes];
    }

    private static async Task ExpectAsync(RawConnection connection, byte[] expected)
    {
        var received = await connection.ReadExactlyAsync(expected.Length);
        if (!received.AsSpan().SequenceEqual(expected))
        {
            throw new InvalidDataException($"{Convert.ToHexString(received)} instead of {Convert.ToHexString(expected)}");
        }
    }
}
