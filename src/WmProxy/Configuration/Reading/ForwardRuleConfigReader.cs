using System.Net;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class ForwardRuleConfigReader
{
    public static ForwardRuleConfig Read(ConfigSectionReader section) => new()
    {
        Action = ReadAction(section),
        Users = section.ReadNames("Users") ?? default,
        Clients = section.ReadList<IPNetwork>("Clients", NetworkParser.TryParse) ?? default,
        Hosts = section.ReadNames("Hosts") ?? default,
        Ports = section.ReadNames("Ports") ?? default,
        Commands = section.ReadList<ForwardCommand>("Commands", EnumParser.TryParse) ?? default,
        ClusterId = section.ReadName("ClusterId"),
        Bandwidth = section.ReadSection("Bandwidth", BandwidthConfigReader.Read),
    };

    // A rule whose action cannot be read is an error; nothing that follows from it is said.
    private static ForwardRuleAction ReadAction(ConfigSectionReader section)
    {
        var errors = section.Context.Errors.Count;
        var action = section.ReadEnum<ForwardRuleAction>("Action");
        if (action is null && section.Context.Errors.Count == errors)
        {
            section.AddError("Action", "is required; valid values: Deny, Allow");
        }

        return action ?? ForwardRuleAction.Deny;
    }
}
