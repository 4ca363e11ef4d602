using System.Net;

namespace WmProxy.Listeners;

internal static class PortOwner
{
    public static string? Find(IPEndPoint endPoint) => null;
}
