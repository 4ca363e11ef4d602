using System.Net;
using WmProxy.Connectors;

namespace WmProxy.Udp;

/// <summary>The addresses of a destination's name. There is no connect that would tell which of them is served, so a refusal leads to the next.</summary>
internal sealed class UdpNameAddresses
{
    private readonly ResolvedName _name;
    private readonly IPAddress[] _addresses;
    private readonly int _port;
    private int _index;
    private int _refused;

    /// <summary>The addresses of <paramref name="name"/>, which has at least one.</summary>
    public UdpNameAddresses(ResolvedName name, int port) => (_name, _addresses, _port) = (name, name.Addresses, port);

    public int Count => _addresses.Length;

    public IPEndPoint Current => new(_addresses[_index], _port);

    /// <summary>Goes on to the next address; <see langword="false"/> when each of them has refused since the last time that one answered, or that this was so.</summary>
    public bool MoveNext()
    {
        _index = (_index + 1) % _addresses.Length;
        if (++_refused < _addresses.Length)
        {
            return true;
        }

        _refused = 0;
        return false;
    }

    /// <summary>The current one answers: other sessions are to begin with it.</summary>
    public void Answered()
    {
        _refused = 0;
        _name.Prefer(_addresses[_index]);
    }
}
