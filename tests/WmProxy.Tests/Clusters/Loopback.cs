using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace WmProxy.Tests.Clusters;

/// <summary>Real sockets on loopback.</summary>
internal static class Loopback
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    public static Socket Listen(string address = "127.0.0.1")
    {
        var ip = IPAddress.Parse(address);
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(ip, 0));
        socket.Listen();
        return socket;
    }

    public static int PortOf(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    /// <summary>A port that refuses as long as <paramref name="reserved"/>, which is bound to it and does not listen, lives.</summary>
    public static int GetRefusingPort(out Socket reserved)
    {
        reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return PortOf(reserved);
    }

    public static async Task<string> ReadAsync(Socket socket, int count)
    {
        var buffer = new byte[count];
        var read = 0;
        while (read < count)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(read)).AsTask().WaitAsync(Hang);
            Assert.NotEqual(0, received);
            read += received;
        }

        return Encoding.ASCII.GetString(buffer);
    }
}
