using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Udp;

/// <summary>A port that a listener has, or had.</summary>
internal static class UdpPort
{
    /// <summary>Waits until somebody else can have it: a socket that is disposed of is closed when its last user has let go of it.</summary>
    public static Task BecomesFreeAsync(EndPoint endPoint) => Deadline.PollAsync(() => Task.FromResult(IsFree(((IPEndPoint)endPoint).Port)));

    private static bool IsFree(int port)
    {
        try
        {
            using var peer = new UdpPeer(port: port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
